"""One file per contestant, all with the same face, so that a new peer is one new file.

A module holds `LABEL` (its name in tables), `NEEDS` (modules it cannot do without), optionally
`ENV` (environment of its process), `CHOICES` (settings for `--tune` to try), and a class:

    Contestant(workload, x, y, **settings)
    .train(epochs) -> seconds of each epoch; the first also carries the cost of the call
    .loss() -> mean loss of the last epoch: the check that all do the same work
    .predict_ways(sample) -> {name: function of no arguments}, for one sample of shape (1, n)

The framework is imported inside the class, so that reading `LABEL` costs nothing. All
initialise with Glorot's uniform rule, shuffle before every epoch and keep the mean loss.
"""
