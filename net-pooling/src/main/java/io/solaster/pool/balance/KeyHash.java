package io.solaster.pool.balance;

/** The endpoint that a key falls to, or where that may not be chosen the next one in the table that may. */
final class KeyHash implements Balancer {
    private final HashTable table;
    private final boolean[] available;

    KeyHash(HashTable table, boolean[] available) {
        this.table = table;
        this.available = available;
    }

    @Override
    public int choose(long key) {
        int slot = table.slot(HashTable.mix(key));
        int owner = table.owner(slot);
        return available[owner] ? owner : further(slot);
    }

    private int further(int from) {
        int slot = from;
        while (true) {
            slot = slot + 1 == table.slots() ? 0 : slot + 1;
            int owner = table.owner(slot);
            if (available[owner]) {
                return owner;
            }
        }
    }
}
