package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Hashtable;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.InitialDirContext;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.net.udp.UdpEndpoint;
import io.solaster.spring.DatagramProtocol;
import io.solaster.spring.server.UdpLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/** A small name server in the application, asked by the JDK's DNS client. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never",
        "solaster.udp.names.protocol=dns", "solaster.udp.names.port=0", "solaster.udp.names.max-datagram=512B"})
@Import(NamesTest.Names.class)
final class NamesTest {
    @Autowired
    UdpLifecycle servers;

    private InetSocketAddress server() {
        return servers.server("names").orElseThrow().address();
    }

    private String resolve(String name) throws NamingException {
        Hashtable<String, String> settings = new Hashtable<>();
        settings.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        settings.put(Context.PROVIDER_URL, "dns://127.0.0.1:" + server().getPort());
        settings.put("com.sun.jndi.dns.timeout.initial", "5000");
        settings.put("com.sun.jndi.dns.timeout.retries", "4");
        InitialDirContext client = new InitialDirContext(settings);
        try {
            return client.getAttributes(name, new String[]{"A"}).get("A").get().toString();
        } finally {
            client.close();
        }
    }

    @Test
    void names_have_addresses() throws NamingException {
        for (int i = 0; i < 20; i++) {
            assertThat(resolve("one.shard.example")).isEqualTo("192.0.2.1");
            assertThat(resolve("two.shard.example")).isEqualTo("192.0.2.2");
        }
        assertThatExceptionOfType(NameNotFoundException.class).isThrownBy(() -> resolve("three.shard.example"));
    }

    @Test
    void nonsense_is_left_unanswered_and_breaks_nothing() throws Exception {
        try (DatagramSocket client = new DatagramSocket()) {
            for (int length : new int[]{0, 1, 11, 12, 13, 512, 513, 9_000}) {
                byte[] bytes = new byte[length];
                Arrays.fill(bytes, (byte) 63);
                client.send(new DatagramPacket(bytes, length, server()));
            }
        }
        assertThat(resolve("one.shard.example")).isEqualTo("192.0.2.1");
    }

    @TestConfiguration(proxyBeanMethods = false)
    static class Names {
        private static final int HEAD = 12;

        @Bean
        DatagramProtocol dns() {
            return DatagramProtocol.of("dns", (server, config) -> Names::answer);
        }

        /** RFC 1035: the question once more, and an address, or that there is no such name. */
        private static void answer(UdpEndpoint endpoint, ByteBuf query, InetSocketAddress from) {
            if (query.readableBytes() < HEAD || query.getByte(2) < 0 || query.getUnsignedShort(4) != 1) {
                return;
            }
            StringBuilder name = new StringBuilder();
            int at = HEAD;
            while (at < query.writerIndex() && query.getByte(at) != 0) {
                int length = query.getUnsignedByte(at);
                if (length > 63 || at + 1 + length >= query.writerIndex()) {
                    return;
                }
                name.append(query.toString(at + 1, length, StandardCharsets.US_ASCII)).append('.');
                at += 1 + length;
            }
            int end = at + 5;
            if (end > query.writerIndex()) {
                return;
            }
            int last = switch (name.toString()) {
                case "one.shard.example." -> 1;
                case "two.shard.example." -> 2;
                default -> 0;
            };
            ByteBuf answer = endpoint.alloc().directBuffer(512);
            answer.writeShort(query.getUnsignedShort(0)).writeShort(last > 0 ? 0x8580 : 0x8583).writeShort(1)
                    .writeShort(last > 0 ? 1 : 0).writeInt(0).writeBytes(query, HEAD, end - HEAD);
            if (last > 0) {
                answer.writeShort(0xc000 | HEAD).writeShort(1).writeShort(1).writeInt(60).writeShort(4)
                        .writeInt(0xc000_0200 | last);
            }
            endpoint.send(answer, from);
        }
    }
}
