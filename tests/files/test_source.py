"""What a format gets to read: the file, what is beside it and nothing else; and files that are never read."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import nnviz
from nnviz.files.errors import FileError
from nnviz.files.source import Source


def refused(read, *arguments, **named):
    with pytest.raises(FileError) as caught:
        read(*arguments, **named)
    return str(caught.value)


def test_a_file_in_the_same_folder_is_read(tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"abc")
    (tmp_path / "same.bin").symlink_to("weights.bin")
    source = Source(b"", tmp_path / "model.json")
    assert source.beside("weights.bin") == b"abc"
    assert source.beside("same.bin") == b"abc"
    assert "there is no file" in refused(source.beside, "other.bin")


def test_nothing_outside_of_the_folder_is_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "model"
    folder.mkdir()
    os.symlink(tmp_path / "secret", folder / "link")
    source = Source(b"", folder / "model.json")
    for name in ("../secret", str(tmp_path / "secret"), "", ".", "..", "a/b", "a\\b", "C:a", "a\0"):
        assert refused(source.beside, name).endswith("is not the plain name of a file beside it")
    assert refused(source.beside, "link") == "'link' is a link to another folder"


@pytest.mark.parametrize("source", [Source(b""), Source(b"", Path("/dev/stdin"))], ids=["bytes", "stream"])
def test_what_has_no_folder_has_nothing_beside_it(source):
    assert refused(source.beside, "a.bin").startswith("it needs the file 'a.bin' beside it")


def torch_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02}q\x00.")


def legacy(path):
    path.write_bytes(pickle.dumps({"a": [1]}))


@pytest.mark.parametrize(
    ("name", "write", "advice"),
    [
        ("a.pt", torch_zip, 'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'),
        ("a.bin", torch_zip, 'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'),
        ("a.npz", torch_zip, 'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'),
        ("a.pth", legacy, 'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'),
        ("a.pkl", legacy, "nnviz.show(model)"),
        ("a.joblib", legacy, "nnviz.show(model)"),
        ("a", legacy, "nnviz.show(model)"),
        ("a.json", legacy, "nnviz.show(model)"),
    ],
)
def test_no_pickle_is_loaded_whatever_it_is_called(tmp_path, name, write, advice):
    write(tmp_path / name)
    said = refused(nnviz.load, tmp_path / name)
    assert "program that runs when it is loaded, so nnviz does not load it; in Python" in said
    assert said.endswith(advice)


@pytest.mark.parametrize(
    ("name", "data", "advice"),
    [
        ("a.onnx", b"", "the file is empty"),
        ("a.h5", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "git lfs pull brings it"),
        ("a.keras", b"\n<!DOCTYPE html>\n<html>", "a web page: download the file itself"),
        ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', ", "numpy.savez('model.npz', W0=…, b0=…)"),
        ("a.tflite", b"\x1c\x00\x00\x00TFL3\x14\x00", "model.save('model.keras')"),
        ("saved_model.pb", b"\x08\x01\x12", "model.save('model.keras')"),
    ],
)
def test_what_is_often_met_and_not_opened_is_refused_with_the_way_to_what_is(tmp_path, name, data, advice):
    (tmp_path / name).write_bytes(data)
    assert refused(nnviz.load, tmp_path / name).endswith(advice)


def test_activations_are_given_where_a_file_lacks_them_and_refused_where_it_says_others(tmp_path):
    np.savez(tmp_path / "a.npz", W0=[[1.0]], W1=[[2.0]])
    state = nnviz.load(tmp_path / "a.npz", activations=["leaky_relu(0.20)", "sigmoid"])
    assert [layer.activation for layer in state.network.layers] == ["leaky_relu(0.2)", "sigmoid"]
    nnviz.save(state, tmp_path / "a.json")
    assert nnviz.load(tmp_path / "a.json", activations=["leaky_relu(0.2)", "sigmoid"]) == state
    said = refused(nnviz.load, tmp_path / "a.json", activations=["relu", "sigmoid"])
    assert said == "the file itself says its activations: leaky_relu(0.2),sigmoid"
    assert "no activation is called 'cube'" in refused(
        nnviz.load, tmp_path / "a.npz", activations=["cube", "relu"]
    )
