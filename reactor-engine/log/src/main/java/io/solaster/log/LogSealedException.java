package io.solaster.log;

/**
 * A shard's log takes nothing any more, since a write or a sync of it failed and nobody knows what is on the disk. Records that
 * were not acknowledged may be in the log or not; the next start tells. A restart opens it anew.
 */
public final class LogSealedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LogSealedException(String message, Throwable cause) {
        super(message, cause);
    }
}
