"""Gradient descent on x², from x = 3, ten steps: what the learning rate does."""

from layerkit import Graph

RATES = [0.1, 0.5, 0.9, 1.0, 1.1]


def slope_of_square(number):
    """The slope of x², from its computational graph; x is used twice, and receives both gradients."""
    x = Graph().input("x", number)
    (x * x).backward()
    return x.grad


paths = {}
for rate in RATES:
    path = [3.0]
    for _ in range(10):
        path.append(path[-1] - rate * slope_of_square(path[-1]))
    paths[rate] = path

print("step  " + "".join(f"{f'rate {rate}':>12}" for rate in RATES))
for step in range(11):
    print(f"{step:4}  " + "".join(f"{paths[rate][step]:12.4f}" for rate in RATES))
print()
print("rate 0.1 converges, 0.5 lands at once, 0.9 oscillates on its way, 1.0 swings for ever, 1.1 diverges:")
print("each step multiplies x by 1 - 2 * rate.")
