"""The 2-2-2 network that many books and blogs work by hand: layerkit's numbers beside the published ones.

Inputs .05 and .10, weights w1 … w8 = .15 … .55, biases .35 and .60 that are not trained, sigmoid units, targets .01 and
.99, half squared error, learning rate .5.
"""

from layerkit import SGD, Dense, HalfSquaredError, Sequential

X, TARGET, RATE = [[0.05, 0.10]], [[0.01, 0.99]], 0.5


def network():
    model = Sequential(
        [
            Dense(2, "sigmoid", weight=[[0.15, 0.20], [0.25, 0.30]], bias=[0.35, 0.35]),
            Dense(2, "sigmoid", weight=[[0.40, 0.45], [0.50, 0.55]], bias=[0.60, 0.60]),
        ]
    )
    for layer in model.layers:
        layer.bias.trainable = False
    model.compile(SGD(RATE), loss="half_squared_error")
    return model


# One update, as published.
model = network()
outputs = model.forward(X)[0]
hidden = model.layers[0].out[0]
error = model.train_on_batch(X, TARGET)  # the error before the update
print(f"hidden   {hidden[0]:.9f}  {hidden[1]:.9f}   published .593269992  .596884378")
print(f"outputs  {outputs[0]:.8f}   {outputs[1]:.9f}   published .75136507   .772928465")
print(f"E        {error:.9f}                published .298371109")

weights = [w for layer in model.layers for row in layer.weight.value for w in row]
published = [".149780716", ".19956143", ".24975114", ".29950229", ".35891648", ".408666186", ".511301270", ".561370121"]
for number, (weight, printed) in enumerate(zip(weights, published), start=1):
    print(f"w{number}+      {weight:.10f}            published {printed}")

# Ten thousand updates. The figures that were published for this differ.
errors = {1: model.evaluate(X, TARGET)}
for update in range(2, 10_001):
    model.train_on_batch(X, TARGET)
    if update >= 9_999:
        errors[update] = model.evaluate(X, TARGET)
final = model.predict(X)[0]
print("\nEvery gradient from the old weights, as the text says:")
print(f"E after 1       {errors[1]:.10f}      published .291027924")
print(f"E after 9,999   {errors[9_999]:.9e}")
print(f"E after 10,000  {errors[10_000]:.9e}   published 3.51084e-05")
print(f"outputs         {final[0]:.10f}  {final[1]:.10f}   published .015912196  .984065734")


# Where they come from: w5 … w8 are updated first, and the gradients of w1 … w4 then come through the new ones.
def descend(layer):
    layer.weight.value = [[w - RATE * g for w, g in zip(*rows)] for rows in zip(layer.weight.value, layer.weight.grad)]


def hasty_update(model):
    first, last = model.layers
    loss = HalfSquaredError()
    loss.forward(model.forward(X), TARGET)
    dout = loss.backward()
    last.backward(dout)
    descend(last)
    first.backward(last.backward(dout))
    descend(first)


hasty = network()
hasty_errors = {}
for update in range(1, 10_001):
    hasty_update(hasty)
    if update in (1, 10_000):
        hasty_errors[update] = hasty.evaluate(X, TARGET)
hasty_final = hasty.predict(X)[0]
print("\nThe hidden gradients through the updated w5 to w8, which the text forbids:")
print(f"E after 1       {hasty_errors[1]:.10f}      published .291027924")
print(f"E after 10,000  {hasty_errors[10_000]:.9e}   published 3.51084e-05")
print(f"outputs         {hasty_final[0]:.10f}  {hasty_final[1]:.10f}   published .015912196  .984065734")
print("\nSo E after 1 and the outputs were computed the forbidden way; 3.51084e-05 is close to E after 9,999 updates.")
