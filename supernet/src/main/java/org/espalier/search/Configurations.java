package org.espalier.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.InputException;
import org.espalier.space.Spaces;

/**
 * Builds a {@link Configuration}: the space's defaults, under the preset's (of the paper's, the
 * strategy's own where it has one), under a file's, under single settings.
 */
public final class Configurations {
  private static final ObjectMapper YAML =
      new ObjectMapper(new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER))
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

  private Configurations() {}

  /** What a configuration starts from. */
  public enum Preset {
    /** The published setting. */
    PAPER,
    /** Small enough for a laptop's processor. */
    LAPTOP
  }

  /**
   * The configuration of a space.
   *
   * @param settings each {@code key=value}, such as {@code search.alpha.learningRate=0.001}; later
   *     ones win
   * @throws InputException for an unknown key, naming the known ones, or a value that cannot be
   */
  public static Configuration of(String space, Preset preset, List<String> settings) {
    return build(space, preset, YAML.createObjectNode(), settings);
  }

  /**
   * As {@link #of}, with a YAML file between the defaults and the single settings; it may name the
   * space itself.
   */
  public static Configuration of(String space, Preset preset, Path file, List<String> settings) {
    return build(space, preset, tree(file), settings);
  }

  /** The space that a YAML file names, or {@code otherwise}. */
  public static String spaceOf(Path file, String otherwise) {
    return tree(file).path("space").asText(otherwise);
  }

  private static Configuration build(
      String space, Preset preset, ObjectNode file, List<String> settings) {
    String name = Spaces.of(space).name();
    ObjectNode tree = resource(name + ".yaml");
    if (preset == Preset.LAPTOP) {
      merge(tree, resource(name + "-laptop.yaml"), "");
    } else {
      String own = name + "-" + strategy(tree, file, settings) + ".yaml";
      if (Configurations.class.getResource(own) != null) {
        merge(tree, resource(own), "");
      }
    }
    merge(tree, file, "");
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new InputException("setting '" + setting + "' should read key=value");
      }
      set(tree, setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
    }
    return ConfigurationCheck.checked(bind(tree));
  }

  /**
   * Reads a complete configuration, as stored with a run.
   *
   * @throws InputException naming the file and what is wrong with it
   */
  public static Configuration read(Path file) {
    return ConfigurationCheck.checked(bind(tree(file)));
  }

  /** In full, as YAML. */
  public static String format(Configuration configuration) {
    try {
      return YAML.writeValueAsString(configuration);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The strategy that the others come to: its own published setting is under theirs. */
  private static String strategy(ObjectNode space, ObjectNode file, List<String> settings) {
    String key = "strategy";
    return settings.stream()
        .filter(setting -> setting.startsWith(key + "="))
        .map(setting -> setting.substring(key.length() + 1).strip())
        .reduce((first, last) -> last)
        .orElse(file.path(key).asText(space.path(key).asText()));
  }

  private static Configuration bind(ObjectNode tree) {
    try {
      return YAML.treeToValue(tree, Configuration.class);
    } catch (JsonProcessingException e) {
      throw new InputException("configuration: " + e.getOriginalMessage(), e);
    }
  }

  private static ObjectNode resource(String name) {
    try (InputStream in = Configurations.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource " + name + " is missing");
      }
      return (ObjectNode) YAML.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode tree(Path file) {
    try {
      JsonNode tree = YAML.readTree(Files.readAllBytes(file));
      if (tree instanceof ObjectNode object) {
        return object;
      }
      throw new InputException(
          file + " holds no keys; a configuration such as 'search: {epochs: 5}' is wanted");
    } catch (JsonProcessingException e) {
      throw new InputException(file + " is not YAML: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputException(file + " cannot be read: " + InputException.reason(e), e);
    }
  }

  /** Writes {@code over} over {@code base}, whose keys are all that there are. */
  private static void merge(ObjectNode base, ObjectNode over, String path) {
    over.properties()
        .forEach(
            field -> {
              JsonNode known = known(base, field.getKey(), path);
              if (known instanceof ObjectNode section) {
                if (!(field.getValue() instanceof ObjectNode inner)) {
                  throw new InputException(
                      "key '" + path + field.getKey() + "' is a section, not " + field.getValue());
                }
                merge(section, inner, path + field.getKey() + ".");
              } else {
                base.set(field.getKey(), field.getValue());
              }
            });
  }

  private static JsonNode known(ObjectNode section, String key, String path) {
    JsonNode value = section.get(key);
    if (value == null) {
      List<String> names = new ArrayList<>();
      section.fieldNames().forEachRemaining(name -> names.add(path + name));
      throw new InputException(
          "unknown key '" + path + key + "'; known: " + String.join(", ", names));
    }
    return value;
  }

  private static void set(ObjectNode tree, String key, String value) {
    ObjectNode section = tree;
    String path = "";
    String[] parts = key.split("\\.", -1);
    for (int i = 0; i < parts.length - 1; i++) {
      JsonNode next = known(section, parts[i], path);
      if (!(next instanceof ObjectNode inner)) {
        throw new InputException(
            "key '" + path + parts[i] + "' is no section; it has no '" + key + "'");
      }
      section = inner;
      path += parts[i] + ".";
    }
    String last = parts[parts.length - 1];
    JsonNode old = known(section, last, path);
    if (old instanceof ObjectNode) {
      throw new InputException("key '" + key + "' is a section; set one of its keys");
    }
    try {
      JsonNode parsed = old.isTextual() ? section.textNode(value) : YAML.readTree(value);
      section.set(last, parsed == null ? NullNode.getInstance() : parsed);
      if (section.get(last).getNodeType() != old.getNodeType()) {
        throw new InputException(
            "key '"
                + key
                + "': '"
                + value
                + "' is not a "
                + (old.isBoolean() ? "truth value (true, false)" : "number"));
      }
    } catch (JsonProcessingException e) {
      throw new InputException("key '" + key + "': '" + value + "' cannot be read", e);
    }
  }
}
