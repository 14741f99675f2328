package io.solaster.pool.balance;

/**
 * As {@link KeyHash}, but no endpoint has more requests of this shard under way than a factor above its share, rounded
 * up; the next one in the table takes over (Mirrokni, Thorup, Zadimoghaddam, Consistent Hashing with Bounded Loads, SODA
 * 2018).
 */
final class BoundedLoad implements Balancer {
    /** Looks at so many slots for each endpoint, then at the endpoints themselves. */
    private static final int PATIENCE = 4;
    /** What rounding may add to a bound that is a whole number. */
    private static final double ROUNDING = 1e-6;

    private final HashTable table;
    private final boolean[] available;
    private final Load[] loads;
    /** How many requests an endpoint may have for each one that there is. */
    private final double[] bounds;
    private final Load.Board board;

    BoundedLoad(HashTable table, Candidates candidates, boolean[] available, double factor) {
        this.table = table;
        this.available = available;
        this.loads = candidates.loads();
        board = new Load.Board(loads.length);
        double total = 0;
        for (int i = 0; i < loads.length; i++) {
            total += available[i] ? candidates.weights()[i] : 0;
            // What an endpoint has that may not be chosen counts for nobody.
            loads[i].standOn(available[i] ? board : new Load.Board(loads.length), i, 1);
        }
        bounds = new double[loads.length];
        for (int i = 0; i < loads.length; i++) {
            bounds[i] = available[i] ? factor * candidates.weights()[i] / total : 0;
        }
    }

    @Override
    public int choose(long key) {
        double after = board.inFlight + 1;
        int slot = table.slot(HashTable.mix(key));
        int owner = table.owner(slot);
        return hasRoom(owner, after) ? owner : further(slot, after);
    }

    private boolean hasRoom(int place, double after) {
        return loads[place].inFlight() < bounds[place] * after - ROUNDING;
    }

    private int further(int from, double after) {
        int slot = from;
        for (int i = Math.min(table.slots(), PATIENCE * loads.length); i > 0; i--) {
            slot = slot + 1 == table.slots() ? 0 : slot + 1;
            int owner = table.owner(slot);
            if (hasRoom(owner, after)) {
                return owner;
            }
        }
        return leastLoaded();
    }

    /** Since the factor is above 1 somebody is below its bound, and so is who has the least for its share. */
    private int leastLoaded() {
        int best = -1;
        for (int i = 0; i < loads.length; i++) {
            if (available[i]
                    && (best < 0 || loads[i].inFlight() * bounds[best] < loads[best].inFlight() * bounds[i])) {
                best = i;
            }
        }
        return best;
    }
}
