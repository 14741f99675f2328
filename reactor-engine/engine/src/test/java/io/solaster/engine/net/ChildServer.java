package io.solaster.engine.net;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;

/** A server in a process of its own: transport, port, and whether it runs out of file descriptors. */
final class ChildServer {

    private ChildServer() {}

    public static void main(String[] args) throws Exception {
        Transport transport = Transport.valueOf(args[0].toUpperCase(Locale.ROOT));
        Engine engine;
        try {
            engine = Engine.start(EngineConfig.defaults().withTransport(transport).withPinning(Pinning.NEVER));
        } catch (RuntimeException e) {
            System.out.println("refused: " + e.getMessage());
            return;
        }
        System.out.println("transport: " + engine.transport().reason());
        TcpServer server;
        try {
            server = TcpServer.bind(engine, "child", ServerConfig.of("echo", Integer.parseInt(args[1])),
                    new Echo(false));
        } catch (BindException e) {
            System.out.println("bind: " + e.getMessage());
            engine.close();
            return;
        }
        System.out.println("port " + server.port());
        Scanner commands = new Scanner(System.in);
        if (args.length > 2) {
            // A first connection has loaded every class by now: classes need descriptors too.
            commands.nextLine();
            Engines.until("a first connection", () -> server.accepted() == 1);
            long accepted = server.accepted();
            List<FileInputStream> files = new ArrayList<>();
            try {
                while (true) {
                    files.add(new FileInputStream("/dev/null"));
                }
            } catch (IOException full) {
                System.out.println("files " + files.size());
            }
            Engines.until("a pause", () -> server.acceptPauses() > 1);
            for (FileInputStream file : files) {
                file.close();
            }
            Engines.until("accepting again", () -> server.accepted() > accepted);
        }
        commands.nextLine();
        server.close();
        engine.close();
        System.out.println("closed");
    }
}
