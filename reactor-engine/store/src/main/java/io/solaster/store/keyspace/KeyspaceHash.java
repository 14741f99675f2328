package io.solaster.store.keyspace;

/** Hashes the bytes of a key; an interface so that tests can force collisions. */
@FunctionalInterface
interface KeyspaceHash {
    /** 64 bits, each of which depends on all of the key and on nothing outside it. */
    long hash(long key, int length);
}
