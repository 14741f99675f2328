package io.solaster.testkit.sim;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.Map;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DatagramChannelConfig;
import io.netty.channel.unix.UnixChannelOption;
import org.jspecify.annotations.Nullable;

/** The options of a simulated datagram channel: those that change nothing here are taken, and that is all. */
@SuppressWarnings("deprecation") // one of Netty's options that its resolver of names asks for
final class SimDatagramConfig extends DefaultChannelConfig implements DatagramChannelConfig {
    private static final int LARGEST_READ = 2048;

    private final Runnable changed;
    private volatile int receiveBuffer = UdpSocket.BUFFER;
    private volatile boolean reusePort;
    private volatile boolean broadcast;
    private volatile boolean activeOnRegistration;

    /** @param changed called when the socket has to be told of an option */
    SimDatagramConfig(Channel channel, Runnable changed) {
        super(channel, new FixedRecvByteBufAllocator(LARGEST_READ));
        this.changed = changed;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.SO_RCVBUF, ChannelOption.SO_BROADCAST,
                UnixChannelOption.SO_REUSEPORT, ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION);
    }

    @Override
    @SuppressWarnings({"unchecked", "NullAway"}) // Netty's signature
    public <T> T getOption(ChannelOption<T> option) {
        if (option.equals(ChannelOption.SO_RCVBUF)) {
            return (T) Integer.valueOf(receiveBuffer);
        }
        if (option.equals(ChannelOption.SO_BROADCAST)) {
            return (T) Boolean.valueOf(broadcast);
        }
        if (option.equals(UnixChannelOption.SO_REUSEPORT)) {
            return (T) Boolean.valueOf(reusePort);
        }
        if (option.equals(ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION)) {
            return (T) Boolean.valueOf(activeOnRegistration);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, @Nullable T value) {
        if (value instanceof Integer bytes && option.equals(ChannelOption.SO_RCVBUF)) {
            setReceiveBufferSize(bytes);
        } else if (value instanceof Boolean on && option.equals(ChannelOption.SO_BROADCAST)) {
            broadcast = on;
        } else if (value instanceof Boolean on && option.equals(UnixChannelOption.SO_REUSEPORT)) {
            reusePort = on;
            changed.run();
        } else if (value instanceof Boolean on
                && option.equals(ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION)) {
            activeOnRegistration = on;
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    boolean isActiveOnRegistration() {
        return activeOnRegistration;
    }

    boolean isReusePort() {
        return reusePort;
    }

    @Override
    public int getReceiveBufferSize() {
        return receiveBuffer;
    }

    @Override
    public DatagramChannelConfig setReceiveBufferSize(int bytes) {
        receiveBuffer = bytes;
        changed.run();
        return this;
    }

    @Override
    public int getSendBufferSize() {
        return UdpSocket.BUFFER;
    }

    @Override
    public DatagramChannelConfig setSendBufferSize(int bytes) {
        return this;
    }

    @Override
    public int getTrafficClass() {
        return 0;
    }

    @Override
    public DatagramChannelConfig setTrafficClass(int trafficClass) {
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return false;
    }

    @Override
    public DatagramChannelConfig setReuseAddress(boolean on) {
        return this;
    }

    @Override
    public boolean isBroadcast() {
        return broadcast;
    }

    @Override
    public DatagramChannelConfig setBroadcast(boolean on) {
        broadcast = on;
        return this;
    }

    @Override
    public boolean isLoopbackModeDisabled() {
        return false;
    }

    @Override
    public DatagramChannelConfig setLoopbackModeDisabled(boolean on) {
        return this;
    }

    @Override
    public int getTimeToLive() {
        return 1;
    }

    @Override
    public DatagramChannelConfig setTimeToLive(int hops) {
        return this;
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: null where none was chosen
    public InetAddress getInterface() {
        return null;
    }

    @Override
    public DatagramChannelConfig setInterface(InetAddress address) {
        return this;
    }

    @Override
    @SuppressWarnings("NullAway") // as above
    public NetworkInterface getNetworkInterface() {
        return null;
    }

    @Override
    public DatagramChannelConfig setNetworkInterface(NetworkInterface by) {
        return this;
    }

    @Override
    public DatagramChannelConfig setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Override
    @Deprecated
    public DatagramChannelConfig setMaxMessagesPerRead(int most) {
        super.setMaxMessagesPerRead(most);
        return this;
    }

    @Override
    public DatagramChannelConfig setWriteSpinCount(int most) {
        super.setWriteSpinCount(most);
        return this;
    }

    @Override
    public DatagramChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public DatagramChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public DatagramChannelConfig setAutoRead(boolean on) {
        super.setAutoRead(on);
        return this;
    }

    @Override
    public DatagramChannelConfig setAutoClose(boolean on) {
        super.setAutoClose(on);
        return this;
    }

    @Override
    public DatagramChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public DatagramChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark mark) {
        super.setWriteBufferWaterMark(mark);
        return this;
    }
}
