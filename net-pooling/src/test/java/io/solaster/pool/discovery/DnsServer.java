package io.solaster.pool.discovery;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;

/** A name server on loopback that says what it is told to, and can change its mind, err and fall silent. */
public final class DnsServer implements AutoCloseable {
    private final Map<String, Says> says = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel channel;

    private record Says(DnsResponseCode code, long ttl, List<byte[]> contents, boolean silent) {}

    public DnsServer() {
        channel = new Bootstrap().group(group).channel(NioDatagramChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                        made.pipeline().addLast(new DatagramDnsQueryDecoder(), new DatagramDnsResponseEncoder(),
                                new Answers());
                    }
                }).bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
    }

    /** Made to ask this server alone, and soon to give it up. */
    public void ask(DnsNameResolverBuilder builder) {
        builder.nameServerProvider(
                new SingletonDnsServerAddressStreamProvider((InetSocketAddress) channel.localAddress()))
                .resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED).queryTimeoutMillis(1000)
                .searchDomains(List.of());
    }

    /** As {@link #ask}, and sooner still: for those who ask again until there is an answer. */
    public void askBriefly(DnsNameResolverBuilder builder) {
        ask(builder);
        builder.queryTimeoutMillis(150);
    }

    public DnsServer addresses(String name, long ttl, String... addresses) {
        return says(name, DnsRecordType.A, ttl, Stream.of(addresses).map(DnsServer::bytes).toList());
    }

    DnsServer addresses6(String name, long ttl, String... addresses) {
        return says(name, DnsRecordType.AAAA, ttl, Stream.of(addresses).map(DnsServer::bytes).toList());
    }

    /** Each as {@code priority weight port host}. */
    DnsServer services(String name, long ttl, String... records) {
        return says(name, DnsRecordType.SRV, ttl, Stream.of(records).map(DnsServer::service).toList());
    }

    public DnsServer error(String name, DnsRecordType type, DnsResponseCode code) {
        says.put(key(name, type), new Says(code, 0, List.of(), false));
        return this;
    }

    public DnsServer silent(String name, DnsRecordType type) {
        says.put(key(name, type), new Says(DnsResponseCode.NOERROR, 0, List.of(), true));
        return this;
    }

    public int asked(String name, DnsRecordType type) {
        return asked.getOrDefault(key(name, type), new AtomicInteger()).get();
    }

    private DnsServer says(String name, DnsRecordType type, long ttl, List<byte[]> contents) {
        says.put(key(name, type), new Says(DnsResponseCode.NOERROR, ttl, contents, false));
        return this;
    }

    private static String key(String name, DnsRecordType type) {
        return type.name() + " " + name.toLowerCase(Locale.ROOT) + (name.endsWith(".") ? "" : ".");
    }

    private static byte[] bytes(String address) {
        try {
            return InetAddress.getByName(address).getAddress();
        } catch (java.net.UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static byte[] service(String record) {
        String[] parts = record.split(" ");
        ByteBuf content = Unpooled.buffer();
        for (int i = 0; i < 3; i++) {
            content.writeShort(Integer.parseInt(parts[i]));
        }
        for (String label : parts[3].equals(".") ? new String[0] : parts[3].split("[.]")) {
            content.writeByte(label.length());
            content.writeBytes(label.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        content.writeByte(0);
        byte[] bytes = new byte[content.readableBytes()];
        content.readBytes(bytes);
        return bytes;
    }

    private final class Answers extends SimpleChannelInboundHandler<DatagramDnsQuery> {

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query) {
            DnsQuestion question = query.recordAt(DnsSection.QUESTION);
            String key = key(question.name(), question.type());
            asked.computeIfAbsent(key, any -> new AtomicInteger()).incrementAndGet();
            boolean known = says.keySet().stream().anyMatch(each -> each.endsWith(" " + key.split(" ")[1]));
            Says answer = says.getOrDefault(key, new Says(known ? DnsResponseCode.NOERROR : DnsResponseCode.NXDOMAIN, 0,
                    List.of(), false));
            if (answer.silent) {
                return;
            }
            DatagramDnsResponse response = new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
            response.setCode(answer.code).setRecursionAvailable(true);
            response.addRecord(DnsSection.QUESTION, new DefaultDnsQuestion(question.name(), question.type()));
            for (byte[] content : answer.contents) {
                response.addRecord(DnsSection.ANSWER,
                        new DefaultDnsRawRecord(question.name(), question.type(), answer.ttl,
                                Unpooled.wrappedBuffer(content)));
            }
            context.writeAndFlush(response);
        }
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        group.shutdownGracefully(0, 0, java.util.concurrent.TimeUnit.SECONDS);
    }
}
