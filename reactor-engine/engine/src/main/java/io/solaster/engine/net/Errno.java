package io.solaster.engine.net;

import java.io.IOException;

import io.netty.channel.unix.Errors.NativeIoException;

/**
 * Why a call to the kernel failed, by number: texts differ by language. Netty's own transports tell the number. The JDK
 * tells a text only, which is looked at where there is nothing else.
 */
final class Errno {
    static final int NONE = 0;
    static final int EACCES = 13;
    static final int EMFILE = 24;
    static final int EADDRINUSE = 98;
    static final int EADDRNOTAVAIL = 99;

    private Errno() {}

    /** The number on Linux; {@link #NONE} if it is not known. */
    static int of(Throwable failure) {
        if (failure instanceof NativeIoException io) {
            return -io.expectedErr();
        }
        return failure instanceof IOException ? byText(String.valueOf(failure.getMessage())) : NONE;
    }

    private static int byText(String words) {
        return words.contains("in use")
                ? EADDRINUSE
                : words.contains("denied")
                        ? EACCES
                        : words.contains("assign requested address")
                                ? EADDRNOTAVAIL
                                : words.contains("open files") ? EMFILE : NONE;
    }
}
