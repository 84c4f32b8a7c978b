package org.espalier.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.espalier.InputException;
import org.espalier.report.Contender;
import org.espalier.report.Scored;
import org.espalier.report.SearchEpoch;
import org.espalier.report.TrainEpoch;

/**
 * What a run has measured so far; part of its checkpoint.
 *
 * @param search finished epochs of the search
 * @param training finished epochs of trainings
 * @param contenders finished trainings
 * @param scored architectures that were scored with the shared weights after the search, in order
 * @param found the architecture that the search has found, in the space's notation; none yet: empty
 * @param warnings plain sentences
 */
record Ledger(
    List<SearchEpoch> search,
    List<TrainEpoch> training,
    List<Contender> contenders,
    List<Scored> scored,
    List<String> found,
    List<String> warnings) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Ledger empty() {
    return new Ledger(
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>(),
        new ArrayList<>());
  }

  String json() {
    return toJson(this);
  }

  static Ledger parse(String json) {
    try {
      return JSON.readValue(json, Ledger.class);
    } catch (JsonProcessingException e) {
      throw new InputException("the checkpoint's ledger is damaged: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * One line of JSON for each epoch and each architecture that was scored, as in {@code
   * metrics.jsonl}.
   */
  String metrics() {
    StringBuilder lines = new StringBuilder();
    search.forEach(epoch -> lines.append(line("search", epoch)));
    scored.forEach(each -> lines.append(line("scored", each)));
    training.forEach(epoch -> lines.append(line("training", epoch)));
    return lines.toString();
  }

  private static String line(String phase, Object epoch) {
    return JSON.createObjectNode()
            .put("phase", phase)
            .setAll((com.fasterxml.jackson.databind.node.ObjectNode) JSON.valueToTree(epoch))
        + "\n";
  }

  static String toJson(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
