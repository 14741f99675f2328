package io.solaster.store.keyspace;

import java.util.random.RandomGenerator;

/** Hashes the bytes of a key; an interface so that tests can force collisions. */
@FunctionalInterface
public interface KeyspaceHash {
    /** A hash of its own, so that nobody can choose keys that collide. Its values are good in one place alone. */
    static KeyspaceHash seeded(RandomGenerator secrets) {
        return new FoldedHash(secrets::nextLong);
    }

    /** 64 bits, each of which depends on all of the key and on nothing outside it. */
    long hash(long key, int length);
}
