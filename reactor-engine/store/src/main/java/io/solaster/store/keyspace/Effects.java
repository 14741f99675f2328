package io.solaster.store.keyspace;

/**
 * Is told of all that changes values, as small steps that can be done again elsewhere, in the same order: with absolute times,
 * and nothing left to chance. Whoever does them again comes to the same keys. On the owning shard; what is told by address holds
 * until the call returns. All is about the database that is selected ({@link Keyspace#database()}). It calls nothing of the
 * keyspace but what reads an entry, and throws nothing.
 *
 * <p>
 * Where a value is changed by a step that has a name here, whoever changes it asks {@link Keyspace#effects} before, tells the
 * step, and then calls {@link Keyspace#told}. What was written by {@link Keyspace} itself, or at a string's address, is told as a
 * whole, when it is {@link Keyspace#written}.
 */
public interface Effects {
    /** A key has this value and this expiry now, whatever it had before. */
    void put(long entry);

    /** A key is gone, if it was there. */
    void removed(long key, int keyLength);

    /**
     * A key, which is there, is due at a time.
     *
     * @param expiry Unix milliseconds; 0 for never
     */
    void expires(long key, int keyLength, long expiry);

    /** All keys of all databases are gone. */
    void cleared();

    /** All keys of the selected database are gone. */
    void emptied();

    /** Each of two databases has the other one's number from now on. */
    void swapped(int one, int other);

    /** An entry of the selected database is another one's now, where its key was not. */
    void moved(long entry, int to);

    /**
     * A value was changed by one of the named steps.
     *
     * @param number as the step says
     * @param first where the bytes lie that the step names first; the others follow
     */
    void changed(Step step, long key, int keyLength, long number, long first, int firstLength, long second,
            int secondLength);

    /** A small change of a value. What files have of it is its code: a new one gets the next. */
    enum Step {
        /** A string has these bytes from this offset on; it becomes longer by zeros before that, and never shorter. */
        STRING_AT(0),
        /** A list has this element before all others. */
        LIST_FIRST(1),
        /** A list has this element behind all others. */
        LIST_LAST(2),
        /** A list has this element more, which has this index now. */
        LIST_INSERT(3),
        /** A list has this element in the place of the one of this index. */
        LIST_SET(4),
        /** A list has so many of its first elements no more. */
        LIST_DROP_FIRST(5),
        /** A list has so many of its last elements no more. */
        LIST_DROP_LAST(6),
        /** A list has so many of the first elements that equal this no more; of the last where the number is negative. */
        LIST_REMOVE(7),
        /** A hash has in this field this value, which expires then. */
        HASH_PUT(8),
        /** The field of a hash expires then. */
        HASH_EXPIRES(9),
        /** A hash has this field no more. */
        HASH_REMOVE(10),
        /** A hash has no more fields that are due at this time. */
        HASH_DUE(11),
        /** A set has this member. */
        SET_ADD(12),
        /** A set has this member no more. */
        SET_REMOVE(13),
        /** A sorted set has this member, with a score of these bits. */
        ZSET_PUT(14),
        /** A sorted set has this member no more. */
        ZSET_REMOVE(15),
        /** A sorted set has the members no more that have this rank, and so many behind it as the bytes say: 8 of them. */
        ZSET_REMOVE_RANKS(16),
        /** A stream has this entry more: its id, in 16 bytes as all ids, and its fields. */
        STREAM_ADD(17),
        /** A stream has the entry of this id no more. */
        STREAM_REMOVE(18),
        /** A stream has so many of its first entries no more. */
        STREAM_TRIM(19),
        /** A stream says of itself: last id, highest that was deleted, entries ever added; it is there from then on. */
        STREAM_STATE(20),
        /** A stream has this group more, which has come to this id, and has read as many entries as the number says. */
        GROUP_CREATE(21),
        /** A group was set to this id. */
        GROUP_SET(22),
        /** A group has come to this id. */
        GROUP_READ(23),
        /** A stream has this group no more. */
        GROUP_DROP(24),
        /** A group has a consumer more: seen at the number's time, behind it when it was active, and its name. */
        CONSUMER_ADD(25),
        /** A consumer was seen. */
        CONSUMER_SEEN(26),
        /** A group has this consumer no more. */
        CONSUMER_DROP(27),
        /** An entry is pending in a group since then: its id, how often it was delivered, its consumer. */
        PENDING_SET(28),
        /** An entry is pending in a group no more. */
        PENDING_DROP(29);

        private static final Step[] BY_CODE = values();
        private final int code;

        Step(int code) {
            this.code = code;
        }

        /** What stands for it in files: from 0 on, one after the other. */
        public int code() {
            return code;
        }

        /**
         * The step of a code.
         *
         * @throws IllegalStateException if there is none
         */
        public static Step of(int code) {
            if (code < 0 || code >= BY_CODE.length) {
                throw new IllegalStateException(
                        "step " + code + ", which this release does not know; take a newer one");
            }
            return BY_CODE[code];
        }
    }
}
