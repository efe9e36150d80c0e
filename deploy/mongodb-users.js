// The service's own role and user, made by compose.yaml's MongoDB at its first start. The same as in
// docs/deployment.md; the password comes from the environment (tests/system/deployment/test_containers.py).
const admin = db.getSiblingDB("admin");
admin.runCommand({
  "createRole": "ticketingSessions",
  "privileges": [{"resource": {"cluster": true},
                  "actions": ["inprog", "killAnySession", "getParameter"]}],
  "roles": []
});
admin.runCommand({
  "createUser": "ticketing",
  "pwd": process.env.MONGODB_PASSWORD,
  "roles": [{"role": "readWrite", "db": "ticketing"},
            {"role": "dbAdmin", "db": "ticketing"},
            {"role": "ticketingSessions", "db": "admin"}]
});
