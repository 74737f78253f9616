"""What `layerkit train penguins --target species` does, step by step: read, split, prepare, train, measure.

python examples/train_csv.py [TABLE.csv TARGET]
"""

import sys

from layerkit import Adam, ConfusionMatrix, Dense, EarlyStopping, Sequential, accuracy
from layerkit.data import FeatureEncoder, TargetEncoder, detect_task, load_table, read_csv, split_indices
from layerkit.metrics import mean_absolute_error, r2

if len(sys.argv) not in (1, 3):
    sys.exit("usage: python examples/train_csv.py [TABLE.csv TARGET]")
path, target_name = sys.argv[1:] or ("", "species")
table = read_csv(path) if path else load_table("penguins")
table = table.take(table.present(target_name))
classification = detect_task(table, target_name) == "classification"
print(table)
print("missing:", {name: count for name, count in table.missing().items() if count})

# Every class has its share in both parts; the rows held out play no role until the end.
labels = table.column(target_name)
train_indices, test_indices = split_indices(labels, test_fraction=0.2, stratify=classification, seed=0)
train, test = table.take(sorted(train_indices)), table.take(sorted(test_indices))

# Means, deviations and texts are those of the training part.
features = FeatureEncoder(missing="fill").fit(train.drop(target_name), table.drop(target_name).kinds())
target = TargetEncoder(target_name, "classification" if classification else "regression").fit(train)
train_x, train_y = features.transform(train).rows, target.transform(train).rows
test_x, test_y = features.transform(test).rows, target.transform(test).rows

output, loss = ("softmax", "categorical_crossentropy") if classification else ("linear", "mse")
model = Sequential([Dense(8, "tanh", fan_in=len(train_x[0])), Dense(target.units, output)], seed=0)
model.compile(Adam(0.01), loss=loss)
history = model.fit(
    train_x,
    train_y,
    epochs=200,
    batch_size=max(1, min(32, len(train_x) // 10)),
    callbacks=[EarlyStopping("loss", patience=5, min_delta=0.001)],
    verbose=0,
)

predicted = model.predict(test_x)
if classification:
    share = accuracy(predicted, test_y)
    print(f"{len(history)} epochs; {share:.2%} of {len(test_x)} rows held out are right")
    print(ConfusionMatrix(target.decode(test_y), target.decode(predicted), target.classes))
else:
    true = [[number] for number in test.numbers(target_name)]
    answers = [[number] for number in target.decode(predicted)]
    error, explained = mean_absolute_error(answers, true), r2(answers, true)
    print(f"{len(history)} epochs; {len(test_x)} rows held out: mean absolute error {error:.4g}, r2 {explained:.4g}")
