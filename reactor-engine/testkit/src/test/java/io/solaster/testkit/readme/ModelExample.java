package io.solaster.testkit.readme;

import io.solaster.testkit.check.Model;

final class ModelExample {
    private ModelExample() {}

    static Model<Long, Long, Long> run() {
        // Asked to add an amount, it answers the new balance; it refuses to go below zero, and answers the old one.
        Model<Long, Long, Long> account = Model.of(0L, (balance, amount) -> {
            long after = balance + amount < 0 ? balance : balance + amount;
            return new Model.Step<>(after, after);
        });
        return account;
    }
}
