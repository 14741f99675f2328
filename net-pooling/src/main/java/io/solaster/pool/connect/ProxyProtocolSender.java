package io.solaster.pool.connect;

import java.net.Inet6Address;
import java.net.InetSocketAddress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.solaster.config.pool.ProxyConfig.ProxyProtocol;

/** Tells the other end who connects, before anything else is said, and leaves. */
final class ProxyProtocolSender extends ChannelInboundHandlerAdapter {
    private final ProxyProtocol version;

    ProxyProtocolSender(ProxyProtocol version) {
        this.version = version;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.pipeline().addBefore(ctx.name(), null, HAProxyMessageEncoder.INSTANCE);
        ctx.writeAndFlush(message((InetSocketAddress) ctx.channel().localAddress(),
                (InetSocketAddress) ctx.channel().remoteAddress()));
        ctx.pipeline().remove(HAProxyMessageEncoder.INSTANCE);
        ctx.fireChannelActive();
        ctx.pipeline().remove(this);
    }

    private HAProxyMessage message(InetSocketAddress local, InetSocketAddress remote) {
        return new HAProxyMessage(
                version == ProxyProtocol.V1 ? HAProxyProtocolVersion.V1 : HAProxyProtocolVersion.V2,
                HAProxyCommand.PROXY,
                local.getAddress() instanceof Inet6Address
                        ? HAProxyProxiedProtocol.TCP6
                        : HAProxyProxiedProtocol.TCP4,
                local.getAddress().getHostAddress(), remote.getAddress().getHostAddress(), local.getPort(),
                remote.getPort());
    }
}
