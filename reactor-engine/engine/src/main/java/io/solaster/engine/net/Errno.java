package io.solaster.engine.net;

import java.io.FileInputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Objects;

import io.netty.channel.unix.Errors.NativeIoException;
import org.jspecify.annotations.Nullable;

/**
 * Why a socket could not be bound or a connection not be accepted, by number. Netty's own transports tell the number. The JDK
 * tells a class, and a text in the language of the process: there the same failure is brought about once more, and the two
 * texts are compared.
 */
final class Errno {
    static final int NONE = 0;
    static final int EACCES = 13;
    static final int EMFILE = 24;
    static final int EADDRINUSE = 98;
    static final int EADDRNOTAVAIL = 99;

    private Errno() {}

    /** The number on Linux; {@link #NONE} if it is not known. Any thread: what it asks the kernel for does not block. */
    static int of(Throwable failure) {
        return of(failure, new Kernel());
    }

    /** @param kernel where the failure is brought about once more */
    static int of(Throwable failure, Kernel kernel) {
        Throwable cause = failure;
        // A channel that cannot be opened at all says so in an exception of its own.
        while (!(cause instanceof IOException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof NativeIoException io) {
            return -io.expectedErr();
        }
        String text = cause instanceof IOException ? cause.getMessage() : null;
        if (text == null || text.isBlank()) {
            return NONE;
        }
        if (cause instanceof BindException) {
            return ofBind(text, kernel);
        }
        String noFile = kernel.noFile();
        return noFile != null && noFile.contains(text) ? EMFILE : NONE;
    }

    /** The JDK makes this exception of three errors. */
    private static int ofBind(String text, Kernel kernel) {
        String inUse = kernel.addressInUse();
        String notAvailable = kernel.addressNotAvailable();
        if (text.equals(inUse)) {
            return EADDRINUSE;
        }
        if (text.equals(notAvailable)) {
            return EADDRNOTAVAIL;
        }
        // The third needs a process without privileges to come about, so it is what the other two are not.
        return inUse != null && notAvailable != null ? EACCES : NONE;
    }

    /** What the JDK says of an error in this process; null where the error does not come about. */
    static class Kernel {
        /** Kept for documentation (RFC 5737), so it is no machine's. */
        private static final byte[] NOBODYS = {(byte) 192, 0, 2, 1};

        @Nullable
        String addressInUse() {
            try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                return refusal(new InetSocketAddress(taken.getInetAddress(), taken.getLocalPort()));
            } catch (IOException noSocket) {
                return null;
            }
        }

        @Nullable
        String addressNotAvailable() {
            try {
                return refusal(new InetSocketAddress(InetAddress.getByAddress(NOBODYS), 0));
            } catch (IOException noSocket) {
                return null;
            }
        }

        private static @Nullable String refusal(InetSocketAddress address) throws IOException {
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(address);
                return null;
            } catch (BindException refused) {
                return refused.getMessage();
            }
        }

        /** Why no file can be opened, if none can: out of descriptors, this process or the machine. */
        @Nullable
        String noFile() {
            try (FileInputStream opened = new FileInputStream("/dev/null")) {
                Objects.requireNonNull(opened);
                return null;
            } catch (IOException refused) {
                return refused.getMessage();
            }
        }
    }
}
