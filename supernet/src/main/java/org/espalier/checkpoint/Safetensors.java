package org.espalier.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.InputException;

/**
 * Named float32 arrays and named strings in a file of the safetensors format: eight bytes of header
 * length, a JSON header, then the raw little-endian data. Python's {@code safetensors} reads it.
 *
 * @param tensors by name, in the order of the file
 * @param metadata free text by name
 */
public record Safetensors(Map<String, Entry> tensors, Map<String, String> metadata) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String METADATA = "__metadata__";
  private static final int MAX_HEADER = 100_000_000;

  /** A shape and its values, row-major. */
  public record Entry(int[] shape, float[] values) {
    /** A vector. */
    public static Entry of(float[] values) {
      return new Entry(new int[] {values.length}, values);
    }
  }

  /** A tensor that must be there. */
  public Entry entry(String name) {
    Entry entry = tensors.get(name);
    if (entry == null) {
      throw new IllegalArgumentException("no tensor '" + name + "'");
    }
    return entry;
  }

  /** The values of a tensor that must be there. */
  public float[] values(String name) {
    return entry(name).values;
  }

  /**
   * Writes a file.
   *
   * @throws InputException if it cannot be written
   */
  public void write(Path file) {
    AtomicFile.write(file, encode());
  }

  private byte[] encode() {
    ObjectNode header = JSON.createObjectNode();
    ObjectNode notes = header.putObject(METADATA);
    metadata.forEach(notes::put);
    int offset = 0;
    for (Map.Entry<String, Entry> each : tensors.entrySet()) {
      int bytes = 4 * each.getValue().values.length;
      ObjectNode node = header.putObject(each.getKey());
      node.put("dtype", "F32");
      node.set("shape", JSON.valueToTree(each.getValue().shape));
      node.putArray("data_offsets").add(offset).add(offset + bytes);
      offset += bytes;
    }
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    ByteBuffer out = ByteBuffer.allocate(8 + padded + offset).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(padded).put(text);
    while (out.position() < 8 + padded) {
      out.put((byte) ' ');
    }
    for (Entry entry : tensors.values()) {
      out.asFloatBuffer().put(entry.values);
      out.position(out.position() + 4 * entry.values.length);
    }
    return out.array();
  }

  /**
   * Reads a file.
   *
   * @throws InputException naming the file and what is wrong with it
   */
  public static Safetensors read(Path file) {
    try {
      return decode(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw new InputException(file + " cannot be read: " + InputException.reason(e), e);
    }
  }

  /** Reads from memory; {@code name} is for messages. */
  public static Safetensors decode(String name, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long length = bytes.length < 8 ? -1 : in.getLong();
    if (length < 2 || length > Math.min(MAX_HEADER, bytes.length - 8)) {
      throw new InputException(
          name
              + " is not a complete safetensors file: "
              + bytes.length
              + " bytes, header length "
              + length);
    }
    JsonNode header;
    try {
      header = JSON.readTree(new String(bytes, 8, (int) length, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new InputException(name + " is not a safetensors file: its header is not JSON", e);
    }
    Map<String, Entry> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    header
        .properties()
        .forEach(
            field -> {
              if (field.getKey().equals(METADATA)) {
                field
                    .getValue()
                    .properties()
                    .forEach(note -> metadata.put(note.getKey(), note.getValue().asText()));
              } else {
                tensors.put(
                    field.getKey(),
                    entry(name, field.getKey(), field.getValue(), in, (int) length + 8));
              }
            });
    return new Safetensors(tensors, metadata);
  }

  private static Entry entry(String name, String tensor, JsonNode node, ByteBuffer in, int data) {
    int[] shape;
    try {
      shape = JSON.treeToValue(node.path("shape"), int[].class);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
    long from = data + node.path("data_offsets").path(0).asLong(-1);
    long to = data + node.path("data_offsets").path(1).asLong(-1);
    long size = shape == null ? -1 : Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b);
    if (!node.path("dtype").asText().equals("F32") || from < data || to - from != 4 * size) {
      throw new InputException(name + ": the entry of tensor '" + tensor + "' is damaged: " + node);
    }
    if (to > in.capacity()) {
      throw new InputException(
          name
              + " is cut short: tensor '"
              + tensor
              + "' ends at byte "
              + to
              + ", the file has "
              + in.capacity());
    }
    float[] values = new float[(int) size];
    in.slice((int) from, (int) (to - from))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return new Entry(shape == null ? new int[0] : shape, values);
  }
}
