"""AND, OR and NAND are learned by a single unit. XOR needs hidden units, and does not succeed from every start."""

from layerkit import SGD, Dense, Sequential

INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]]
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "NAND": [1, 1, 1, 0], "XOR": [0, 1, 1, 0]}


def train(gate, layers, seed, epochs):
    """The four answers after training, and whether all of them are right."""
    model = Sequential(layers, seed=seed)
    model.compile(SGD(1), loss="binary_crossentropy")
    model.fit(INPUTS, GATES[gate], epochs=epochs, verbose=0)
    answers = [row[0] for row in model.predict(INPUTS)]
    return answers, [answer > 0.5 for answer in answers] == [bool(y) for y in GATES[gate]]


def line(name, answers, learned):
    shown = "".join(f"{answer:8.3f}" for answer in answers)
    return f"{name:7}{shown}   {'learned' if learned else 'not learned'}"


print("One sigmoid unit:\n" + " " * 7 + "".join(f"{f'{a} {b}':>8}" for a, b in INPUTS))
single = {gate: train(gate, [Dense(1, "sigmoid")], seed=0, epochs=200) for gate in GATES}
for gate, (answers, learned) in single.items():
    print(line(gate, answers, learned))

print("\nXOR by a 2-2-1 network:")
xor = {seed: train("XOR", [Dense(2, "sigmoid"), Dense(1, "sigmoid")], seed, epochs=1000) for seed in range(10)}
for seed, (answers, learned) in xor.items():
    print(line(f"seed {seed}", answers, learned))

reached = sum(learned for _, learned in xor.values())
print(f"{reached} of 10 seeds reach it; the others are stuck where the slope is nearly zero.")
