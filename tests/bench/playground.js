// Training as an object a node and an object a link, one row after another: the way of TensorFlow Playground.
// The first line on standard input is the task, which is answered by "ready"; for every further line, the network is
// trained once from its start, and the MSE history is written as 64-bit floats.
const lines = require("readline").createInterface({ input: process.stdin });
const ACTIVATIONS = {
  identity: { value: (z) => z, slope: () => 1 },
  relu: { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
  tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
};

class Link {
  slopes = 0;
  constructor(source, target, weight) {
    this.source = source;
    this.target = target;
    this.weight = weight;
  }
}

class Node {
  into = [];
  from = [];
  z = 0.5; // a number that is not whole, so that the field holds floats from the start
  a = 0.5;
  slopeOfA = 0.5;
  slopeOfZ = 0.5;
  slopes = 0;
  constructor(activation, bias) {
    this.activation = activation;
    this.bias = bias;
  }
  forward() {
    this.z = this.bias;
    for (let i = 0; i < this.into.length; i++) this.z += this.into[i].weight * this.into[i].source.a;
    this.a = this.activation.value(this.z);
  }
  backward(biased) {
    this.slopeOfZ = this.slopeOfA * this.activation.slope(this.z);
    if (biased) this.slopes += this.slopeOfZ;
    for (let i = 0; i < this.into.length; i++) this.into[i].slopes += this.slopeOfZ * this.into[i].source.a;
  }
}

function network(task) {
  const columns = [Array.from({ length: task.layers[0].weights[0].length }, () => new Node(null, 0))];
  for (const { activation, weights, biases } of task.layers) {
    const before = columns[columns.length - 1];
    const column = weights.map((row, j) => {
      const node = new Node(ACTIVATIONS[activation], biases ? biases[j] : 0);
      row.forEach((weight, i) => {
        const link = new Link(before[i], node, weight);
        node.into.push(link);
        before[i].from.push(link);
      });
      return node;
    });
    columns.push(column);
  }
  return columns;
}

function forward(columns, x, y) {
  for (let i = 0; i < x.length; i++) columns[0][i].a = x[i];
  for (let k = 1; k < columns.length; k++) for (let j = 0; j < columns[k].length; j++) columns[k][j].forward();
  const outputs = columns[columns.length - 1];
  let squares = 0;
  for (let j = 0; j < y.length; j++) squares += (outputs[j].a - y[j]) * (outputs[j].a - y[j]);
  return squares;
}

function backward(columns, y, biased) {
  const outputs = columns[columns.length - 1];
  for (let j = 0; j < y.length; j++) outputs[j].slopeOfA = 2 * (outputs[j].a - y[j]);
  for (let k = columns.length - 1; k > 0; k--) {
    for (let j = 0; j < columns[k].length; j++) columns[k][j].backward(biased);
    if (k === 1) continue;
    for (let i = 0; i < columns[k - 1].length; i++) {
      const node = columns[k - 1][i];
      node.slopeOfA = 0;
      for (let j = 0; j < node.from.length; j++) node.slopeOfA += node.from[j].weight * node.from[j].target.slopeOfZ;
    }
  }
}

function update(columns, factor) {
  for (let k = 1; k < columns.length; k++) {
    for (let j = 0; j < columns[k].length; j++) {
      const node = columns[k][j];
      node.bias -= factor * node.slopes;
      node.slopes = 0;
      for (let i = 0; i < node.into.length; i++) {
        node.into[i].weight -= factor * node.into[i].slopes;
        node.into[i].slopes = 0;
      }
    }
  }
}

function train({ x, y, batch, orders, epochs, rate, ...task }) {
  const columns = network(task), biased = task.layers[0].biases !== null, outputs = y[0].length;
  const history = [], mean = (squares) => squares / (x.length * outputs);
  const measured = () => {
    let squares = 0;
    for (let r = 0; r < x.length; r++) squares += forward(columns, x[r], y[r]);
    return mean(squares);
  };
  if (orders) history.push(measured());
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let start = 0; start < x.length; start += batch) {
      const end = Math.min(start + batch, x.length);
      let squares = 0;
      for (let r = start; r < end; r++) {
        const row = orders ? orders[epoch][r] : r;
        squares += forward(columns, x[row], y[row]);
        backward(columns, y[row], biased);
      }
      update(columns, rate / ((end - start) * outputs));
      if (!orders) history.push(mean(squares));
    }
    if (orders) history.push(measured());
  }
  if (!orders) history.push(measured());
  return Float64Array.from(history);
}

function few(task) {
  return { ...task, epochs: Math.min(task.epochs, Math.ceil(20000 / task.x.length)) };
}

let task = null;
lines.on("line", (line) => {
  if (task === null) {
    task = JSON.parse(line);
    for (let begun = Date.now(); Date.now() < begun + 100; ) train(few(task)); // so that the code is compiled
    process.stdout.write("ready");
  } else process.stdout.write(Buffer.from(train(task).buffer));
});
