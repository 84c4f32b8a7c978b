package org.espalier.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.InputException;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;

/** Genotypes from and to text and {@code genotype.json}. */
public final class Genotypes {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Genotypes() {}

  /**
   * Reads an architecture: a NAS-Bench-201 string, a DARTS genotype or the name of a published one,
   * or the path of a genotype.json.
   *
   * @throws InputException saying what is wrong with it
   */
  public static Genotype read(String text) {
    String given = text.strip();
    if (given.startsWith("|")) {
      return Spaces.of("nasbench201").parse(given);
    }
    if (given.endsWith(".json") || Files.isRegularFile(Path.of(given.isEmpty() ? "." : given))) {
      return ofFile(Path.of(given));
    }
    if (given.startsWith("Genotype(") || given.matches("[A-Z][A-Z0-9_]*")) {
      return Spaces.of("darts").parse(given);
    }
    throw new InputException(
        "'"
            + text
            + "' is no architecture: a NAS-Bench-201 string '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|',"
            + " a DARTS 'Genotype(normal=[...], reduce=[...])' or the path of a genotype.json is"
            + " wanted");
  }

  private static Genotype ofFile(Path file) {
    try {
      JsonNode tree = JSON.readTree(Files.readAllBytes(file));
      if (!tree.path("space").isTextual() || !tree.path("genotype").isTextual()) {
        throw new InputException(
            file + " is no genotype.json: it wants the keys 'space' and 'genotype'");
      }
      return Spaces.of(tree.path("space").asText()).parse(tree.path("genotype").asText());
    } catch (IOException e) {
      throw new InputException(
          file + " cannot be read as a genotype.json: " + InputException.reason(e), e);
    }
  }

  /** As JSON: the space, its notation, and the genes for programs that do not know the notation. */
  static String json(SearchSpace space, Genotype genotype) {
    ObjectNode tree = JSON.createObjectNode();
    tree.put("space", space.name());
    tree.put("genotype", space.format(genotype));
    tree.set("cells", JSON.valueToTree(genotype.cells()));
    return tree.toPrettyString() + "\n";
  }
}
