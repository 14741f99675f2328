package io.solaster.testkit.sim;

import java.util.Map;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannelConfig;
import org.jspecify.annotations.Nullable;

/** The options of a simulated connection: those that change nothing here are remembered, and that is all. */
final class SimSocketConfig extends DefaultChannelConfig implements SocketChannelConfig {
    private volatile boolean allowHalfClosure;
    private volatile boolean noDelay = true;
    private volatile boolean keepAlive;
    private volatile int linger = -1;

    SimSocketConfig(Channel channel) {
        super(channel);
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.ALLOW_HALF_CLOSURE, ChannelOption.TCP_NODELAY,
                ChannelOption.SO_KEEPALIVE, ChannelOption.SO_LINGER);
    }

    @Override
    @SuppressWarnings({"unchecked", "NullAway"}) // Netty's signature
    public <T> T getOption(ChannelOption<T> option) {
        if (option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
            return (T) Boolean.valueOf(allowHalfClosure);
        }
        if (option.equals(ChannelOption.TCP_NODELAY)) {
            return (T) Boolean.valueOf(noDelay);
        }
        if (option.equals(ChannelOption.SO_KEEPALIVE)) {
            return (T) Boolean.valueOf(keepAlive);
        }
        if (option.equals(ChannelOption.SO_LINGER)) {
            return (T) Integer.valueOf(linger);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, @Nullable T value) {
        if (value instanceof Boolean on && option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
            allowHalfClosure = on;
        } else if (value instanceof Boolean on && option.equals(ChannelOption.TCP_NODELAY)) {
            noDelay = on;
        } else if (value instanceof Boolean on && option.equals(ChannelOption.SO_KEEPALIVE)) {
            keepAlive = on;
        } else if (value instanceof Integer seconds && option.equals(ChannelOption.SO_LINGER)) {
            linger = seconds;
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    @Override
    public boolean isAllowHalfClosure() {
        return allowHalfClosure;
    }

    @Override
    public SocketChannelConfig setAllowHalfClosure(boolean allow) {
        allowHalfClosure = allow;
        return this;
    }

    @Override
    public boolean isTcpNoDelay() {
        return noDelay;
    }

    @Override
    public SocketChannelConfig setTcpNoDelay(boolean on) {
        noDelay = on;
        return this;
    }

    @Override
    public int getSoLinger() {
        return linger;
    }

    @Override
    public SocketChannelConfig setSoLinger(int seconds) {
        linger = seconds;
        return this;
    }

    @Override
    public boolean isKeepAlive() {
        return keepAlive;
    }

    @Override
    public SocketChannelConfig setKeepAlive(boolean on) {
        keepAlive = on;
        return this;
    }

    @Override
    public int getSendBufferSize() {
        return Socket.WINDOW;
    }

    @Override
    public SocketChannelConfig setSendBufferSize(int bytes) {
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return Socket.WINDOW;
    }

    @Override
    public SocketChannelConfig setReceiveBufferSize(int bytes) {
        return this;
    }

    @Override
    public int getTrafficClass() {
        return 0;
    }

    @Override
    public SocketChannelConfig setTrafficClass(int trafficClass) {
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return true;
    }

    @Override
    public SocketChannelConfig setReuseAddress(boolean on) {
        return this;
    }

    @Override
    public SocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this;
    }

    @Override
    public SocketChannelConfig setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Override
    @Deprecated
    public SocketChannelConfig setMaxMessagesPerRead(int most) {
        super.setMaxMessagesPerRead(most);
        return this;
    }

    @Override
    public SocketChannelConfig setWriteSpinCount(int most) {
        super.setWriteSpinCount(most);
        return this;
    }

    @Override
    public SocketChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public SocketChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public SocketChannelConfig setAutoRead(boolean on) {
        super.setAutoRead(on);
        return this;
    }

    @Override
    public SocketChannelConfig setAutoClose(boolean on) {
        super.setAutoClose(on);
        return this;
    }

    @Override
    public SocketChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public SocketChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark mark) {
        super.setWriteBufferWaterMark(mark);
        return this;
    }
}
