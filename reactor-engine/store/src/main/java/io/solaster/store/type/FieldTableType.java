package io.solaster.store.type;

import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.ValueType;
import org.jspecify.annotations.Nullable;

/** Hashes, or sets, as a keyspace sees them: a large one is the root record of a {@link FieldTable}. On the owning shard. */
public final class FieldTableType implements ValueType {
    /** First byte of a root record. */
    public static final byte TABLE = 1;

    private final int number;
    private @Nullable FieldTable table;

    /** @param number that of the keyspace's type */
    public FieldTableType(int number) {
        this.number = number;
    }

    private FieldTable table(Slabs nodes) {
        FieldTable its = table;
        if (its == null || its.nodes() != nodes) {
            its = new FieldTable(nodes);
            table = its;
        }
        return its;
    }

    @Override
    public int number() {
        return number;
    }

    @Override
    public boolean free(Slabs nodes, long root, int steps) {
        return table(nodes).free(root, steps);
    }

    @Override
    public long nodeBytes(Slabs nodes, long root) {
        return FieldTable.bytes(root);
    }

    @Override
    public long defragment(Slabs nodes, long root, long cursor, int steps) {
        return table(nodes).defragment(root, cursor, steps);
    }
}
