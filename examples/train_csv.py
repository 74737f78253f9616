"""What `layerkit train penguins --target species` does, step by step: read, split, prepare, train, measure.

python examples/train_csv.py [TABLE.csv TARGET]
"""

import sys

from layerkit import Adam, ConfusionMatrix, Dense, EarlyStopping, Sequential, accuracy
from layerkit.data import FeatureEncoder, TargetEncoder, load_table, read_csv, split_indices

path, target_name = sys.argv[1:3] if len(sys.argv) > 2 else ("", "species")
table = read_csv(path) if path else load_table("penguins")
table = table.take(table.present(target_name))
print(table)
print("missing:", {name: count for name, count in table.missing().items() if count})

# Every class has its share in both parts; the rows held out play no role until the end.
train_indices, test_indices = split_indices(table.column(target_name), test_fraction=0.2, stratify=True, seed=0)
train, test = table.take(train_indices), table.take(test_indices)

# Means, deviations and texts are those of the training part.
features = FeatureEncoder(missing="fill").fit(train.drop(target_name), table.kinds())
target = TargetEncoder(target_name, "classification").fit(train)
train_x, train_y = features.transform(train).rows, target.transform(train).rows
test_x, test_y = features.transform(test).rows, target.transform(test).rows

model = Sequential([Dense(8, "tanh", fan_in=len(train_x[0])), Dense(target.units, "softmax")], seed=0)
model.compile(Adam(0.01), loss="categorical_crossentropy")
history = model.fit(
    train_x, train_y, epochs=200, callbacks=[EarlyStopping("loss", patience=5, min_delta=0.001)], verbose=0
)

predicted = model.predict(test_x)
share = accuracy(predicted, test_y)
print(f"{len(history)} epochs; {share:.1%} of {len(test_x)} rows held out are right")
print(ConfusionMatrix(target.decode(test_y), target.decode(predicted), target.classes))
