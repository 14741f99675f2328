package io.solaster.pool.balance;

/** One after the other, from a random one on, so that shards do not walk in step. */
final class RoundRobin implements Balancer {
    private final int size;
    private int next;

    RoundRobin(Candidates candidates) {
        size = candidates.size();
        next = candidates.random().nextInt(size);
    }

    @Override
    public int choose(long key) {
        int chosen = next;
        next = chosen + 1 == size ? 0 : chosen + 1;
        return chosen;
    }
}
