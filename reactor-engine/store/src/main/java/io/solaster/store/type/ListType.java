package io.solaster.store.type;

import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;

/** Lists, as a keyspace sees them: a long one is the root record of a {@link Chain}. On the owning shard. */
public final class ListType implements ValueType {
    @Override
    public int number() {
        return Keyspace.TYPE_LIST;
    }

    @Override
    public boolean free(Slabs nodes, long root, int steps) {
        return Chain.free(nodes, root, steps);
    }

    @Override
    public long nodeBytes(Slabs nodes, long root) {
        return Chain.nodeBytes(root);
    }

    @Override
    public long defragment(Slabs nodes, long root, long cursor, int steps) {
        return Chain.defragment(nodes, root, cursor == 0, steps);
    }
}
