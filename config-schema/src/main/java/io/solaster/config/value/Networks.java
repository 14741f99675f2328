package io.solaster.config.value;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Addresses and networks of IPv4 and IPv6, as {@code 10.0.0.0/8, ::1}; no names, so that no DNS is asked. Immutable.
 */
public final class Networks {
    private final List<Network> networks;

    private static final class Network {
        private final byte[] address;
        private final int bits;

        Network(byte[] address, int bits) {
            this.address = address;
            this.bits = bits;
        }

        boolean holds(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            int whole = bits / Byte.SIZE;
            for (int i = 0; i < whole; i++) {
                if (other[i] != address[i]) {
                    return false;
                }
            }
            int rest = bits % Byte.SIZE;
            return rest == 0 || (other[whole] ^ address[whole]) >> (Byte.SIZE - rest) << (Byte.SIZE - rest) == 0;
        }
    }

    private Networks(List<Network> networks) {
        this.networks = networks;
    }

    /**
     * Reads a list with commas between its parts; an empty text is an empty list.
     *
     * @throws IllegalArgumentException if a part is neither address nor network; the message is the part
     */
    public static Networks parse(String text) {
        List<Network> networks = new ArrayList<>();
        if (!text.isBlank()) {
            for (String part : text.split(",", -1)) {
                networks.add(network(part.strip()));
            }
        }
        return new Networks(List.copyOf(networks));
    }

    private static Network network(String part) {
        try {
            int slash = part.indexOf('/');
            byte[] address = InetAddress.ofLiteral(slash < 0 ? part : part.substring(0, slash)).getAddress();
            int most = address.length * Byte.SIZE;
            int bits = slash < 0 ? most : Integer.parseInt(part.substring(slash + 1));
            if (bits >= 0 && bits <= most) {
                return new Network(address, bits);
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(part, e);
        }
        throw new IllegalArgumentException(part);
    }

    public boolean isEmpty() {
        return networks.isEmpty();
    }

    /** Whether the address is one of these, or within one of these networks. */
    public boolean hold(InetAddress address) {
        byte[] bytes = address.getAddress();
        for (Network each : networks) {
            if (each.holds(bytes)) {
                return true;
            }
        }
        return false;
    }
}
