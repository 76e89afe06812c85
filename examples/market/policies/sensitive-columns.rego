# What is classified is masked, unless the purpose needs it and the reader's work is that purpose. The classification
# follows a column along its lineage, and so does the mask.
package meshloom.policies.sensitive_columns

import rego.v1

researcher if {
	input.purpose == "research"
	"data-scientists" in input.principal.groups
}

marketer if {
	input.purpose == "marketing"
	"marketing-analysts" in input.principal.groups
}

owner if {
	input.purpose == "governance"
	input.port.owner in input.principal.groups
}

visible(column) if owner

visible(column) if researcher

visible(column) if {
	marketer
	input.port.classifications[column] == "confidential"
}

visible("age") if marketer

column_masks contains {"column": column, "kind": "null"} if {
	some column, classification in input.port.classifications
	classification in {"confidential", "restricted"}
	not visible(column)
}

# Research needs to tell households apart, not to know which they are.
column_masks contains {"column": "household_id", "kind": "hash"} if {
	researcher
	"household_id" in input.port.columns
}
