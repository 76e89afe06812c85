# Who may read at all: whoever the identity provider knows and who says for what. Nothing sensitive without a purpose.
package meshloom.policies.access

import rego.v1

sensitive := {"confidential", "restricted"}

allow contains "products of the mesh are open to its people" if {
	input.principal.name != ""
	count(input.principal.groups) > 0
}

allow contains "owners read what they own" if {
	input.port.owner in input.principal.groups
}

deny contains "this port holds sensitive columns: say for which purpose you read it" if {
	input.purpose == ""
	some classification in input.port.classifications
	classification in sensitive
}

deny contains "households are not read for running the stores" if {
	input.purpose == "operations"
	input.port.domain == "customer"
}
