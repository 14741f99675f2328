package io.solaster.streams.subscribe;

import java.util.Arrays;
import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.streams.subscribe.name.Found;
import io.solaster.streams.subscribe.name.TokenSyntax;
import io.solaster.streams.subscribe.name.TokenTree;
import org.jspecify.annotations.Nullable;

/**
 * The patterns and filters that anybody has subscribed to, and which of them take a name. By the number of their text. A pattern is asked
 * by itself, filters are found by their tokens. On one shard.
 */
final class Patterns implements AutoCloseable {
    private static final int KEPT_TEXT = 64 * 1024;

    private int[] ids = new int[16];
    private @Nullable NamePattern[] patterns = new NamePattern[16];
    private int count;
    /** By number: its place above, and one; 0 for none. Of a filter, how many tokens it has, below 0. */
    private int[] places = new int[0];
    private byte[] text = new byte[256];
    private final TokenTree mqtt;
    private final TokenTree nats;
    private final Found found = new Found();

    Patterns(SystemMemory memory, RandomGenerator secrets) {
        this.mqtt = new TokenTree(TokenSyntax.MQTT, memory, secrets);
        this.nats = new TokenTree(TokenSyntax.NATS, memory, secrets);
    }

    /** Makes room for numbers below this. */
    void names(int capacity) {
        if (places.length < capacity) {
            places = Arrays.copyOf(places, capacity);
        }
    }

    /** Patterns, without filters. */
    int size() {
        return count;
    }

    int filters() {
        return mqtt.size() + nats.size();
    }

    private TokenTree tree(int kind) {
        return kind == Subscriptions.MQTT_FILTER ? mqtt : nats;
    }

    /** Adds a filter that was checked, unless it is there. */
    void addFilter(int kind, int id, long filter, int length) {
        if (places[id] == 0) {
            places[id] = -tree(kind).add(id, filter, length);
        }
    }

    /** Bytes that what stands by a number takes beside its text, about. */
    long bytes(int id) {
        int place = places[id];
        if (place < 0) {
            return (long) -place * TokenTree.COST_OF_TOKEN;
        }
        NamePattern pattern = of(id);
        return pattern == null ? 0 : pattern.bytes();
    }

    /** Null for what is no pattern. */
    @Nullable
    NamePattern of(int id) {
        int place = places[id];
        return place <= 0 ? null : patterns[place - 1];
    }

    /** Adds one, unless it is there. */
    void add(int id, NamePattern pattern) {
        if (places[id] != 0) {
            return;
        }
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
            patterns = Arrays.copyOf(patterns, count * 2);
        }
        ids[count] = id;
        patterns[count] = pattern;
        places[id] = ++count;
    }

    /** Removes one, if it is there. */
    void remove(int kind, int id, long text, int length) {
        if (places[id] < 0) {
            places[id] = 0;
            tree(kind).remove(text, length);
            return;
        }
        int place = places[id] - 1;
        if (place < 0) {
            return;
        }
        int last = --count;
        ids[place] = ids[last];
        patterns[place] = patterns[last];
        places[ids[place]] = place + 1;
        places[id] = 0;
        patterns[last] = null;
    }

    /** Finds those that take a name; false if none does. */
    boolean find(long name, int length) {
        found.clear();
        mqtt.find(name, length, found);
        nats.find(name, length, found);
        if (count > 0) {
            findPatterns(name, length);
        }
        return found.count() > 0;
    }

    private void findPatterns(long name, int length) {
        if (text.length < length) {
            text = new byte[length];
        }
        Memory.copy(name, text, 0, length);
        for (int i = 0; i < count; i++) {
            NamePattern pattern = patterns[i];
            if (pattern != null && pattern.matches(text, length)) {
                found.add(ids[i]);
            }
        }
        if (text.length > KEPT_TEXT) {
            text = new byte[256];
        }
    }

    void findNone() {
        found.clear();
    }

    /** How many were found last. */
    int found() {
        return found.count();
    }

    /** The number of one that was found last. */
    int foundAt(int i) {
        return found.at(i);
    }

    @Override
    public void close() {
        mqtt.close();
        nats.close();
    }
}
