package io.solaster.store.keyspace;

import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;

/**
 * One of the databases of a keyspace: the table that leads to its keys, how many these are, and where walks over them go on.
 * Entries and nodes of all databases lie in the same memory. On the owning shard.
 */
final class Database {
    final Directory directory;
    final ExpirySweep sweep;
    /** By what it is called. */
    int number;
    /** By which it is called until all are cleared, whatever is swapped. */
    int table;
    long size;
    long expiring;
    long ageCursor;
    /** Hash whose segment is looked at next for keys to evict, where only a few may go. */
    long evictionWalk;

    Database(SystemMemory system, Slabs segments, KeyspaceHash hash, int number, int table) {
        this.directory = new Directory(system, segments, hash);
        this.sweep = new ExpirySweep(directory);
        this.number = number;
        this.table = table;
    }

    /** Begins anew, once the slabs were dropped. */
    void clear() {
        directory.clear();
        size = 0;
        expiring = 0;
        sweep.start();
        ageCursor = 0;
        evictionWalk = 0;
    }
}
