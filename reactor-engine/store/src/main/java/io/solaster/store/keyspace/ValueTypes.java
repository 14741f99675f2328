package io.solaster.store.keyspace;

import java.util.List;

import org.jspecify.annotations.Nullable;

/** The types of a keyspace, by number. */
final class ValueTypes {
    private final @Nullable ValueType[] byNumber = new @Nullable ValueType[16];

    ValueTypes(List<? extends ValueType> types) {
        for (ValueType type : types) {
            int number = type.number();
            if (number <= Keyspace.TYPE_STRING || number >= byNumber.length || byNumber[number] != null) {
                throw new IllegalArgumentException("a type of number " + number
                        + "; each needs one of its own, from 1 to 15");
            }
            byNumber[number] = type;
        }
    }

    ValueType of(int number) {
        ValueType type = byNumber[number];
        if (type == null) {
            throw new IllegalArgumentException("no type of number " + number + " was given to this keyspace");
        }
        return type;
    }

    /** Whether an entry's value is a root record. */
    boolean hasNodes(long entry) {
        int number = Entries.type(entry);
        return number != Keyspace.TYPE_STRING
                && of(number).hasNodes(Entries.valueAddress(entry), Entries.valueLength(entry));
    }
}
