package io.solaster.engine.file;

/** What a file is opened for. A file that can be written can be read, too, but for {@link #APPEND}. */
public enum OpenMode {
    /** To be read; it must be there. */
    READ,
    /** To be read and written; it must be there. */
    WRITE,
    /** To be read and written; it is made if it is not there. */
    CREATE,
    /** To be read and written; it must not be there yet. */
    CREATE_NEW,
    /**
     * To be written behind its end, wherever that is by then and whatever position is named, beside others who do the same; it
     * is made if it is not there. It cannot be read.
     */
    APPEND
}
