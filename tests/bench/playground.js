// Training as an object a node and an object a link, one row after another: the way of TensorFlow Playground.
// The first line on standard input is the task; for every further line, the network is trained once from its start,
// and the MSE history is written as 64-bit floats.
const lines = require("readline").createInterface({ input: process.stdin });
const ACTIVATIONS = {
  identity: { value: (z) => z, slope: () => 1 },
  relu: { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
  tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
};

class Link {
  constructor(source, target, weight) {
    Object.assign(this, { source, target, weight, slopes: 0 });
  }
}

class Node {
  constructor(activation, bias) {
    Object.assign(this, { activation, bias, into: [], from: [], z: 0, a: 0, slopeOfA: 0, slopeOfZ: 0, slopes: 0 });
  }
  forward() {
    this.z = this.bias;
    for (const link of this.into) this.z += link.weight * link.source.a;
    this.a = this.activation.value(this.z);
  }
  backward(biased) {
    this.slopeOfZ = this.slopeOfA * this.activation.slope(this.z);
    if (biased) this.slopes += this.slopeOfZ;
    for (const link of this.into) link.slopes += this.slopeOfZ * link.source.a;
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
  columns[0].forEach((node, i) => (node.a = x[i]));
  for (let k = 1; k < columns.length; k++) for (const node of columns[k]) node.forward();
  let squares = 0;
  columns[columns.length - 1].forEach((node, i) => (squares += (node.a - y[i]) ** 2));
  return squares;
}

function backward(columns, y, biased) {
  columns[columns.length - 1].forEach((node, i) => (node.slopeOfA = 2 * (node.a - y[i])));
  for (let k = columns.length - 1; k > 0; k--) {
    for (const node of columns[k]) node.backward(biased);
    if (k === 1) continue;
    for (const node of columns[k - 1]) {
      node.slopeOfA = 0;
      for (const link of node.from) node.slopeOfA += link.weight * link.target.slopeOfZ;
    }
  }
}

function update(columns, rate, terms) {
  for (let k = 1; k < columns.length; k++) {
    for (const node of columns[k]) {
      node.bias -= (rate / terms) * node.slopes;
      node.slopes = 0;
      for (const link of node.into) {
        link.weight -= (rate / terms) * link.slopes;
        link.slopes = 0;
      }
    }
  }
}

function train({ x, y, batch, orders, epochs, rate, ...task }) {
  const columns = network(task), biased = task.layers[0].biases !== null, outputs = y[0].length;
  const history = [], mean = (squares) => squares / (x.length * outputs);
  const measured = () => mean(x.reduce((sum, row, i) => sum + forward(columns, row, y[i]), 0));
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
      update(columns, rate, (end - start) * outputs);
      if (!orders) history.push(mean(squares));
    }
    if (orders) history.push(measured());
  }
  if (!orders) history.push(measured());
  return Float64Array.from(history);
}

let task = null;
lines.on("line", (line) => {
  if (task === null) task = JSON.parse(line);
  else process.stdout.write(Buffer.from(train(task).buffer));
});
