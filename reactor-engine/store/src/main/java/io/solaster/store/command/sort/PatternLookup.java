package io.solaster.store.command.sort;

import java.util.List;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.Addresses;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Workspace;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * Looks up what patterns name for elements, as far as one shard owns it. Each value that there is becomes a record, whose
 * first number is the element's place times the number of patterns, and the pattern's place. On that shard.
 */
final class PatternLookup {
    private final StoreShard shard;
    private final Gathered layout;
    private final Addresses elements;
    private final List<SortPattern> patterns;
    private final Gathered found;
    private long buffer = Memory.allocate(64);
    private long capacity = 64;
    private long next;

    PatternLookup(StoreShard shard, Workspace workspace, Gathered layout, Addresses elements,
            List<SortPattern> patterns) {
        this.shard = shard;
        this.layout = layout;
        this.elements = elements;
        this.patterns = patterns;
        found = new Gathered(workspace, Sorting.NUMBERS);
    }

    Gathered found() {
        return found;
    }

    /** Goes on; whether all is looked up. */
    boolean goOn(CommandCall call, BooleanSupplier yield) {
        while (next < elements.count()) {
            long element = elements.get(next);
            for (int i = 0; i < patterns.size(); i++) {
                if (patterns.get(i).namesKeys()) {
                    look(call, element, patterns.get(i), next * patterns.size() + i);
                }
            }
            next++;
            if (yield.getAsBoolean()) {
                return next == elements.count();
            }
        }
        return true;
    }

    private void look(CommandCall call, long element, SortPattern pattern, long place) {
        int elementLength = layout.length(element);
        byte @Nullable [] field = pattern.field;
        long bytes = (long) pattern.before.length + elementLength + pattern.behind.length;
        if (bytes > Keyspace.MAX_LENGTH) {
            return;
        }
        reserve(bytes + (field == null ? 0 : field.length));
        int keyLength = (int) bytes;
        Memory.copy(pattern.before, 0, buffer, pattern.before.length);
        Memory.copy(layout.address(element), buffer + pattern.before.length, elementLength);
        Memory.copy(pattern.behind, 0, buffer + pattern.before.length + elementLength, pattern.behind.length);
        int shards = shard.parts().count();
        if (shards > 1 && Slots.shardOf(Slots.of(buffer, keyLength), shards) != shard.shard().id()) {
            return;
        }
        Keyspace keys = shard.keyspace();
        long entry = keys.find(buffer, keyLength, call.now());
        (entry == 0 ? shard.stats().misses : shard.stats().hits).increment();
        if (entry == 0) {
            return;
        }
        long record = 0;
        if (field == null && keys.type(entry) == Keyspace.TYPE_STRING) {
            record = found.add(keys.valueAddress(entry), keys.valueLength(entry));
        } else if (field != null && keys.type(entry) == Keyspace.TYPE_HASH) {
            Memory.copy(field, 0, buffer + keyLength, field.length);
            Hashes hash = shard.hashes();
            hash.open(buffer, keyLength, entry, call.now());
            if (hash.find(buffer + keyLength, field.length)) {
                record = found.add(hash.valueAddress(), hash.valueLength());
            }
        }
        if (record != 0) {
            found.bits(record, 0, place);
        }
    }

    private void reserve(long bytes) {
        if (bytes > capacity) {
            long larger = Memory.allocate(2 * bytes);
            Memory.free(buffer);
            buffer = larger;
            capacity = 2 * bytes;
        }
    }

    /** May be called twice. */
    void close() {
        if (buffer != 0) {
            Memory.free(buffer);
            buffer = 0;
        }
    }
}
