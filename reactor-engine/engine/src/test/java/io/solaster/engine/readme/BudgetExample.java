package io.solaster.engine.readme;

import java.util.concurrent.atomic.AtomicLong;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.MemoryAccount;
import io.solaster.engine.memory.MemoryLevel;
import io.solaster.engine.memory.ShardBudget;

/** The README's example of a part in the memory budget. */
final class BudgetExample {

    private BudgetExample() {}

    static boolean run(AtomicLong dropped) {
        ShardBudget budget = Shard.current().memory().budget();
        MemoryAccount account = budget.account("cache");
        // In a turn of its own; what it throws is logged, and the others are told.
        budget.onLevel(level -> {
            if (level != MemoryLevel.OK) {
                dropped.addAndGet(account.used());
                account.give(account.used());
            }
        });
        return account.take(1 << 20); // false where there is no room
    }
}
