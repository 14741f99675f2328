package io.solaster.pool.balance;

/**
 * Chooses among the targets that it was made for, on one shard; a change of members, of their health or of their weights
 * makes another one. Not safe for threads.
 */
public interface Balancer {

    /**
     * Which target takes the next request. Allocates nothing.
     *
     * @param key of the request, for algorithms that go by keys, well mixed or not; others leave it alone
     * @return its place among the targets that this was made for
     */
    int choose(long key);
}
