package io.solaster.config.topic;

/** In which order the members of a group take entries. */
public enum TopicOrder {
    /** Any member takes the next entry, many at once: as groups of Redis do. */
    NONE,
    /** Each partition has one member of the group, which has one entry of a key under way at a time, in their order. */
    KEY
}
