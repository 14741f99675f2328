package io.solaster.pool.balance;

/** Any, by weight, whatever was chosen before. */
final class RandomChoice implements Balancer {
    private final Draw draw;

    RandomChoice(Candidates candidates) {
        draw = new Draw(candidates);
    }

    @Override
    public int choose(long key) {
        return draw.one();
    }
}
