package io.solaster.store;

import java.util.List;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.stream.StreamType;
import io.solaster.store.type.FieldTableType;
import io.solaster.store.type.ListType;
import io.solaster.store.type.SortedSetType;

/** The types of values that a store has besides strings. */
final class StoreTypes {
    private StoreTypes() {}

    /** One of each. */
    static List<ValueType> all() {
        return List.of(new FieldTableType(Keyspace.TYPE_SET), new FieldTableType(Keyspace.TYPE_HASH), new ListType(),
                new SortedSetType(), new StreamType());
    }
}
