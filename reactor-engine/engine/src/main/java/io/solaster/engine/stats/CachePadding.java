package io.solaster.engine.stats;

/** Keeps the fields of a subclass off the cache line of what lies before them. */
@SuppressWarnings("unused")
abstract class CachePadding {
    private long q00, q01, q02, q03, q04, q05, q06, q07;
}
