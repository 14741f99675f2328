package io.solaster.pool;

/** Why a connection of a pool was closed. */
public enum CloseReason {
    /** It was idle for longer than {@code max-idle}. */
    IDLE,
    /** It was older than {@code max-lifetime}. */
    LIFETIME,
    /** It did not answer when it was asked whether it is there. */
    INVALID,
    /** The other end closed it, or said that it would, while nobody had it. */
    REMOTE,
    /** It was lost while somebody had it. */
    BROKEN,
    /** Whoever had it said that it must not be used again. */
    DISCARDED,
    /** Its endpoint left the upstream, or is drained. */
    REMOVED,
    /** There was no more room, and another shard or endpoint needed it more. */
    EVICTED,
    /** The pool closed. */
    CLOSED
}
