package io.solaster.store.script;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

/**
 * The scripts that a store remembers, for all of its shards. Those that arrived with {@code EVAL} are forgotten, oldest first,
 * where there are too many; those of {@code SCRIPT LOAD} are not. Any thread: a shard asks when it has not compiled a script
 * yet, and each shard compiles for itself.
 */
final class ScriptCache {
    static final int MOST = 10_000;
    static final long MOST_BYTES = 32 << 20;
    /** What a script takes beside its text, about. */
    private static final int OVERHEAD = 256;

    private final Map<String, Script> scripts = new ConcurrentHashMap<>();
    private final ArrayDeque<String> forgettable = new ArrayDeque<>();
    private final Map<Integer, Long> memory = new ConcurrentHashMap<>();
    private long bytes;
    private volatile long flushes;

    /** How often all scripts were forgotten: what was compiled before is to be forgotten as well. */
    long flushes() {
        return flushes;
    }

    @Nullable
    Script get(String sha) {
        return scripts.get(sha);
    }

    /**
     * Remembers a script.
     *
     * @param loaded whether it is kept until all are forgotten
     * @return false if there is no room, as too many were loaded
     */
    synchronized boolean add(Script script, boolean loaded) {
        if (scripts.containsKey(script.sha())) {
            if (loaded) {
                forgettable.remove(script.sha());
            }
            return true;
        }
        long size = size(script);
        while (scripts.size() >= MOST || bytes + size > MOST_BYTES) {
            String oldest = forgettable.poll();
            if (oldest == null) {
                return false;
            }
            bytes -= size(scripts.remove(oldest));
        }
        scripts.put(script.sha(), script);
        bytes += size;
        if (!loaded) {
            forgettable.add(script.sha());
        }
        return true;
    }

    private static long size(@Nullable Script script) {
        return script == null ? 0 : script.text().length + OVERHEAD;
    }

    synchronized void flush() {
        scripts.clear();
        forgettable.clear();
        bytes = 0;
        flushes++;
    }

    int count() {
        return scripts.size();
    }

    /** What the texts take, about. */
    synchronized long bytes() {
        return bytes;
    }

    /** Tells what code and values of scripts take on a shard. */
    void memory(int shard, long taken) {
        memory.put(shard, taken);
    }

    /** What they take on all shards, as each has told last. */
    long memory() {
        return memory.values().stream().mapToLong(Long::longValue).sum();
    }
}
