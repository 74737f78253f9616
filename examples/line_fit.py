"""A line through five points of y = 3x + 2: w x + b by gradient descent, one point at a time, two epochs."""

from layerkit import SGD, Dense, Sequential

X, Y = [-2, -1, 0, 1, 2], [-4, -1, 2, 5, 8]

line = Dense(1, weight=[[1.0]], bias=[1.0])
model = Sequential([line])
model.compile(SGD(0.1), loss="mse")  # of one example with one output: its squared error

for epoch in (1, 2):
    for x, y in zip(X, Y):
        model.train_on_batch([[x]], [[y]])
        print(f"epoch {epoch}  x {x:2}  y {y:2}  w {line.weight.value[0][0]:.10f}  b {line.bias.value[0]:.10f}")

print("published:             w 3.0254803968  b 1.9490392064")

# The same with fit, which shuffles unless told otherwise.
again = Sequential([Dense(1, weight=[[1.0]], bias=[1.0])])
again.compile(SGD(0.1), loss="mse")
again.fit([[x] for x in X], Y, epochs=2, batch_size=1, shuffle=False)
print(f"fit:                   w {again.layers[0].weight.value[0][0]:.10f}  b {again.layers[0].bias.value[0]:.10f}")
