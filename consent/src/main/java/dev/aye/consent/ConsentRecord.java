package dev.aye.consent;

import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A receipt in the words that other systems know: the fields of ISO/IEC TS 27560:2023 with the
 * identifiers of the W3C Data Privacy Vocabulary 2, as JSON-LD.
 *
 * <p>It is a rendering: what counts is the receipt, which alone is signed. Fields that the receipt
 * and the text shown with it do not know (addresses, jurisdiction) are left out, not made up. A
 * choice is a process of its own, with its own status as it was signed; whether a yes stands now is
 * in the log. Source: DPV, "Consent Records and Receipts as per ISO/IEC TS 27560:2023", mapping of
 * terms.
 */
public final class ConsentRecord {
  private static final String PROFILE = "https://w3id.org/dpv/schema/dpv-27560#";
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private ConsentRecord() {}

  /**
   * Renders one receipt.
   *
   * @param index of the receipt's {@code ANSWER} leaf in the log that the receipt names
   * @param notice the text that was shown; without it the record has no words, only identifiers
   */
  public static String of(Receipt receipt, long index, Optional<Notice> notice) {
    String person = "urn:aye:person:" + receipt.person().value();
    ObjectNode record =
        node("dpv:ConsentRecord", "urn:aye:record:" + receipt.id())
            .put("dct:identifier", receipt.id())
            .set("dct:conformsTo", iri(PROFILE + "record"));
    record.set("dpv:hasDataSubject", node("dpv:DataSubject", person));
    record.set("dpv:hasDataController", controller(receipt, notice));
    notice.ifPresent(text ->
        record.set(
            "dpv:hasAuthority",
            node("dpv:Authority").put("dpv:hasName", text.controller().authority())));
    record.set(
        "dpv:hasNotice",
        node("dpv:ConsentNotice")
            .put("dct:identifier", "sha256:" + receipt.notice().hash())
            .put("dct:hasVersion", Integer.toString(receipt.notice().version()))
            .put("dct:language", receipt.notice().locale()));
    ArrayNode processes = JSON.arrayNode();
    for (Receipt.Answer answer : receipt.choices()) {
      processes.add(process(receipt, answer, person, notice));
    }
    record.set("dpv:hasProcess", processes);

    ObjectNode all = JSON.objectNode();
    all.set(
        "@context",
        JSON.objectNode()
            .put("dpv", "https://w3id.org/dpv#")
            .put("eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#")
            .put("dct", "http://purl.org/dc/terms/"));
    all.put("@id", "urn:aye:receipt:" + receipt.id())
        .put("@type", "dpv:ConsentReceipt")
        .put("dct:identifier", receipt.id())
        .put("dct:created", receipt.issued().toString())
        .put("dct:source", "log " + receipt.origin() + ", leaf " + index);
    all.set("dct:conformsTo", iri(PROFILE + "receipt"));
    all.set("dpv:hasRecordOfActivity", record);
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
  }

  private static ObjectNode controller(Receipt receipt, Optional<Notice> notice) {
    ObjectNode controller = node("dpv:DataController").put("dpv:hasName", receipt.controller());
    notice.ifPresent(text -> controller.put("dpv:hasContact", text.controller().contact()));
    return controller;
  }

  private static ObjectNode process(
      Receipt receipt, Receipt.Answer answer, String person, Optional<Notice> notice) {
    Optional<Notice.Row> row = notice.map(text -> text.rows().get(answer.purpose()));
    ObjectNode purpose = node("dpv:Purpose", answer.purpose().iri());
    ObjectNode data = node("dpv:PersonalData", "urn:aye:medium:" + answer.medium().id());
    ObjectNode process = node("dpv:Process");
    process.set("dpv:hasLegalBasis", iri("eu-gdpr:A6-1-a"));
    process.set(
        "dpv:hasConsentControl",
        node("dpv:WithdrawConsent")
            .put("dct:description", "by the page of the service, or by the withdrawal slip"));
    row.ifPresent(words -> {
      purpose.put("dct:title", words.label()).put("dct:description", words.sentence());
      String medium = words.media().get(answer.medium());
      if (medium != null) {
        data.put("dct:title", medium);
      }
      process.set(
          "dpv:hasRecipient", node("dpv:Recipient").put("dct:description", words.recipient()));
      process.set(
          "dpv:hasStorageCondition",
          node("dpv:StorageDuration").put("dct:description", words.retention()));
    });
    process.set("dpv:hasPurpose", purpose);
    process.set("dpv:hasPersonalData", data);
    Recipient recipient = receipt.recipient();
    process.set(
        "dpv:hasDataProcessor",
        node("dpv:DataProcessor")
            .put("dct:identifier", recipient.id().value())
            .put("dpv:hasName", recipient.processor().model())
            .put("dct:description", "on " + recipient.processor().host()));
    process.set("dpv:hasConsentStatus", status(receipt, answer, person));
    return process;
  }

  private static ObjectNode status(Receipt receipt, Receipt.Answer answer, String person) {
    ObjectNode status =
        switch (answer) {
          case Receipt.Answer.Yes yes ->
              node("dpv:ConsentGiven", "urn:aye:grant:" + yes.handle().value());
          case Receipt.Answer.No _ -> node("dpv:ConsentRefused");
        };
    status.put("dpv:isIndicatedAtTime", receipt.issued().toString());
    status.set("dpv:isIndicatedBy", iri(person));
    Optional<Instant> until = receipt.scope().until();
    status.put("dct:valid", until.map(Instant::toString).orElse("the end of the meeting"));
    return status;
  }

  private static ObjectNode iri(String id) {
    return JSON.objectNode().put("@id", id);
  }

  private static ObjectNode node(String type) {
    return JSON.objectNode().put("@type", type);
  }

  private static ObjectNode node(String type, String id) {
    return node(type).put("@id", id);
  }
}
