package io.solaster.pool.balance;

/**
 * The one that would have the fewest requests under way for its weight, one more counted, as HAProxy's {@code leastconn}
 * has it; of equals the next one in turn. Looks at all of them, until it finds an idle one that nothing can beat.
 */
final class LeastConnections implements Balancer {
    private final Load[] loads;
    private final int[] weights;
    private final int heaviest;
    private int next;

    LeastConnections(Candidates candidates) {
        loads = candidates.loads();
        weights = candidates.weights();
        int most = 0;
        for (int weight : weights) {
            most = Math.max(most, weight);
        }
        heaviest = most;
        next = candidates.random().nextInt(loads.length);
    }

    @Override
    public int choose(long key) {
        int start = next;
        next = start + 1 == loads.length ? 0 : start + 1;
        int best = better(start, loads.length, start);
        return isIdle(best) ? best : better(0, start, best);
    }

    private int better(int from, int to, int first) {
        Load[] loads = this.loads;
        int[] weights = this.weights;
        int best = first;
        long load = loads[best].inFlight() + 1L;
        long weight = weights[best];
        for (int i = from; i < to; i++) {
            long other = loads[i].inFlight() + 1L;
            if (other * weight < load * weights[i]) {
                best = i;
                load = other;
                weight = weights[i];
            }
            if (load == 1 && weight == heaviest) {
                break;
            }
        }
        return best;
    }

    private boolean isIdle(int place) {
        return loads[place].inFlight() == 0 && weights[place] == heaviest;
    }
}
