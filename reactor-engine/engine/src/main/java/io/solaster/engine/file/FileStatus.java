package io.solaster.engine.file;

/**
 * What a path leads to.
 *
 * @param kind what it is
 * @param size in bytes; of no meaning for what is no file
 * @param modifiedMillis when its content was last changed, in milliseconds since 1970
 */
public record FileStatus(Kind kind, long size, long modifiedMillis) {

    /** What can be at a path. */
    public enum Kind {
        FILE, DIRECTORY, OTHER
    }

    /** Whether it is a file with bytes of its own. */
    public boolean isFile() {
        return kind == Kind.FILE;
    }

    public boolean isDirectory() {
        return kind == Kind.DIRECTORY;
    }
}
