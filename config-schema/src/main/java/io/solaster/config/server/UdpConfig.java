package io.solaster.config.server;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One server of datagrams. Each shard has a socket of it.
 *
 * @param protocol what the server speaks: the name of a bean of type DatagramProtocol
 * @param host the address that the server binds to
 * @param port the port that the server binds to; 0 takes a free one
 * @param group the scheduling group that its datagrams are handled in
 * @param maxDatagram the longest datagram that is received; a longer one is dropped and counted, never handed over in part
 * @param batch datagrams received by one system call, and sent by one, where the transport can do that
 * @param gro whether the kernel may put together what one sender sends (generic receive offload), where it can: for few
 *            senders that send much, in place of batches, which serve many senders
 * @param gso whether the kernel may be given several datagrams to one address at once (generic segmentation offload), where
 *            it can
 * @param receiveBuffer bytes that the kernel keeps unread for each shard; 0 leaves that to the kernel, and net.core.rmem_max
 *            is the most that it gives
 * @param sendBuffer bytes that the kernel keeps unsent for each shard; 0 leaves that to the kernel, and net.core.wmem_max is
 *            the most that it gives
 * @param limits what one sender, and all of them together, may take
 */
@ConfigurationPropertiesSource
public record UdpConfig(String protocol, @DefaultValue("127.0.0.1") String host,
        @Range(min = 0, max = 65535) int port, @DefaultValue("default") String group,
        @DefaultValue("2KB") ByteSize maxDatagram, @DefaultValue("32") @Range(min = 1, max = 256) int batch,
        @DefaultValue("false") boolean gro, @DefaultValue("true") boolean gso,
        @DefaultValue("0B") ByteSize receiveBuffer, @DefaultValue("0B") ByteSize sendBuffer,
        @Reloadable @NestedConfigurationProperty @DefaultValue UdpLimitsConfig limits) {

    /** A server of this protocol on this port of the loopback address; all else as an empty configuration gives. */
    public static UdpConfig of(String protocol, int port) {
        return new UdpConfig(protocol, "127.0.0.1", port, "default", new ByteSize(2 << 10), 32, false, true,
                new ByteSize(0), new ByteSize(0), UdpLimitsConfig.defaults());
    }

    /** This with another address to bind to. */
    public UdpConfig withHost(String newHost) {
        return new UdpConfig(protocol, newHost, port, group, maxDatagram, batch, gro, gso, receiveBuffer, sendBuffer,
                limits);
    }

    /** This with another port to bind to. */
    public UdpConfig withPort(int newPort) {
        return new UdpConfig(protocol, host, newPort, group, maxDatagram, batch, gro, gso, receiveBuffer, sendBuffer,
                limits);
    }

    /** This with another scheduling group. */
    public UdpConfig withGroup(String newGroup) {
        return new UdpConfig(protocol, host, port, newGroup, maxDatagram, batch, gro, gso, receiveBuffer, sendBuffer,
                limits);
    }

    /** This with another longest datagram. */
    public UdpConfig withMaxDatagram(ByteSize newMaxDatagram) {
        return new UdpConfig(protocol, host, port, group, newMaxDatagram, batch, gro, gso, receiveBuffer, sendBuffer,
                limits);
    }

    /** This with another number of datagrams that one system call receives or sends. */
    public UdpConfig withBatch(int newBatch) {
        return new UdpConfig(protocol, host, port, group, maxDatagram, newBatch, gro, gso, receiveBuffer, sendBuffer,
                limits);
    }

    /** This with or without each offload. */
    public UdpConfig withOffload(boolean newGro, boolean newGso) {
        return new UdpConfig(protocol, host, port, group, maxDatagram, batch, newGro, newGso, receiveBuffer,
                sendBuffer, limits);
    }

    /** This with other limits. */
    public UdpConfig withLimits(UdpLimitsConfig newLimits) {
        return new UdpConfig(protocol, host, port, group, maxDatagram, batch, gro, gso, receiveBuffer, sendBuffer,
                newLimits);
    }

    /** Where it receives, as people write it. */
    public String where() {
        return host + ":" + port;
    }
}
