package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;

import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The BOM names every artifact that others may depend on. */
final class BomTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    /** No module of an application depends on them. */
    private static final Set<String> FOR_OURSELVES = Set.of("solaster-demo-service", "solaster-benchmarks",
            "solaster-operator");

    @Test
    void the_bom_is_whole() throws Exception {
        Set<String> modules = new TreeSet<>();
        for (Path module : Modules.folders()) {
            Element project = read(module.resolve("pom.xml")).getDocumentElement();
            String packaging = child(project, "packaging");
            String artifact = child(project, "artifactId");
            if (!"pom".equals(packaging) && !FOR_OURSELVES.contains(artifact)) {
                modules.add(artifact);
            }
        }
        Set<String> listed = new TreeSet<>();
        NodeList dependencies = read(ROOT.resolve("starter-autoconfigure/bom/pom.xml"))
                .getElementsByTagName("dependency");
        for (int i = 0; i < dependencies.getLength(); i++) {
            listed.add(child((Element) dependencies.item(i), "artifactId"));
        }
        assertThat(listed).isEqualTo(modules);
    }

    private static Document read(Path pom) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
    }

    private static String child(Element parent, String name) {
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (name.equals(node.getNodeName())) {
                return node.getTextContent().strip();
            }
        }
        return "";
    }
}
