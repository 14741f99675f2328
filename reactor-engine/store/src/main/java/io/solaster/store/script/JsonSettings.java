package io.solaster.store.script;

/** What scripts may set about JSON. Of a shard, as in Redis of its one state. */
final class JsonSettings {
    static final int OFF = 0;
    static final int ON = 1;
    static final int AS_NULL = 2;

    boolean sparseConvert;
    int sparseRatio = 2;
    int sparseSafe = 10;
    int encodeDepth = 1000;
    int decodeDepth = 1000;
    int precision = 14;
    int encodeInvalid = OFF;
    boolean decodeInvalid = true;
    boolean keepBuffer = true;
}
