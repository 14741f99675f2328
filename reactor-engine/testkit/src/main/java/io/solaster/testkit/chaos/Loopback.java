package io.solaster.testkit.chaos;

import java.net.InetSocketAddress;

/** Faults stay on the machine that makes them. */
final class Loopback {

    private Loopback() {}

    /**
     * The address itself.
     *
     * @throws IllegalArgumentException if it is not on the loopback interface
     */
    static InetSocketAddress only(InetSocketAddress address) {
        if (address.getAddress() == null || !address.getAddress().isLoopbackAddress()) {
            throw new IllegalArgumentException(
                    address + " is not on the loopback interface; faults stay on this machine: use 127.0.0.1");
        }
        return address;
    }
}
