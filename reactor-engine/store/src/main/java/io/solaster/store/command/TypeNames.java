package io.solaster.store.command;

import java.util.Locale;

/** What Redis calls the types of values. */
final class TypeNames {
    /** By the keyspace's number of the type, which is that of Redis's files. */
    private static final String[] NAMES = {"string", "list", "set", "zset", "hash", "module", "stream"};

    private TypeNames() {}

    static String of(int type) {
        return NAMES[type];
    }

    /** The number of a type; one that no key has if there is no such type. */
    static int number(String name) {
        for (int i = 0; i < NAMES.length; i++) {
            if (NAMES[i].equals(name.toLowerCase(Locale.ROOT))) {
                return i;
            }
        }
        return NAMES.length;
    }
}
