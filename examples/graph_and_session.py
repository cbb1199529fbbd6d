"""Deck 004's graphs and sessions: placeholders, variables, and its two-layer example trained.

Only the first line differs from TensorFlow 1.

Run: python examples/graph_and_session.py
"""

import chainrule.graph as tf

# a program describes a graph; nothing is computed yet
x1 = tf.placeholder(tf.int32)
x2 = tf.placeholder(tf.int32)
product = tf.multiply(x1, x2)
print(product)

# a session computes what it is asked for
sess = tf.Session()
print(sess.run(product, {x1: [3, 4], x2: [5, 1]}))

# the deck's example: two inputs, two hidden units, two outputs, one bias for each layer
x = tf.placeholder(tf.float64, [None, 2], name="x")
w1 = tf.Variable([[0.15, 0.25], [0.20, 0.30]], dtype=tf.float64, name="w1")
w2 = tf.Variable([[0.40, 0.50], [0.45, 0.55]], dtype=tf.float64, name="w2")
hidden = tf.math.sigmoid(tf.matmul(x, w1) + 0.35)
out = tf.math.sigmoid(tf.matmul(hidden, w2) + 0.60)
loss = tf.reduce_sum(0.5 * tf.squared_difference(out, [[0.01, 0.99]]), name="E")
train = tf.train.GradientDescentOptimizer(learning_rate=0.5).minimize(loss)

init = tf.global_variables_initializer()
feed = {x: [[0.05, 0.10]]}
with tf.Session() as sess:  # engine="xla" compiles
    sess.run(init)
    print(f"E before     {sess.run(loss, feed):.9f}")
    print(f"E/w5         {sess.run(tf.gradients(loss, w2)[0], feed)[0, 0]:.9f}")
    print()
    print(sess.explain(loss, feed))  # every number, and the gradient of E there
    print()
    sess.run(train, feed)
    print(f"E after one step {sess.run(loss, feed):.9f}")
